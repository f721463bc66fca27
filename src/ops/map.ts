/**
 * One scalar expression over broadcast f32 inputs. An operator of the IR's own: elementwise operators become maps, and
 * maps that feed each other become one.
 */
import { attr } from "../ir/attr.ts";
import type { Value } from "../ir/graph.ts";
import { constant, evaluateMap, type MapExpr } from "../ir/map_expr.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { lowerMap } from "./elementwise.ts";
import { mapNumbers } from "./numeric.ts";
import { broadcastShapes, sameDType, tensorIn } from "./shape_rules.ts";

export const map = defineOp({
  name: "map",
  summary: "One scalar expression over broadcast inputs.",
  inputs: { inputs: "variadic" },
  outputs: { output: "required" },
  attrs: { expr: attr.internal<MapExpr>(constant(0)) },

  infer({ inputs }, _, ctx) {
    const values = inputs as readonly Value[];
    return [
      tensorType(
        sameDType(values, ctx),
        broadcastShapes(
          values.map((v) => tensorIn(v, `%${v.name}`, ctx).shape),
          ctx,
        ),
      ),
    ];
  },

  evaluate({ inputs }, { expr }) {
    const list = inputs.filter((t) => t !== undefined);
    return [mapNumbers("f32", list, (...x) => evaluateMap(expr, x))];
  },

  lower({ inputs }, { expr }, l) {
    lowerMap(l, expr, inputs as readonly Value[], l.output(0));
  },
});
