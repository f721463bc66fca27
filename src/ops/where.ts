/**
 * `y[i] = x[i]` where the condition is true, else `y[i]`; all three broadcast. Any element type, strings too.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Where.html
 */
import { sameDim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { type Known, mapContents } from "./contents.ts";
import { dtypeIn, expectBroadcast, mapElements, numeric, operand, result } from "./elementwise.ts";
import { broadcastShapes, sameDType, shapeIn } from "./shape_rules.ts";

const selectable: readonly DType[] = [...numeric, "bool", "string"];

export const where = defineOp({
  name: "where",
  summary: "Elements of one array or another, by a condition.",
  onnx: { type: "Where", since: [9, 16] },
  inputs: { condition: "required", x: "required", y: "required" },
  outputs: { output: "required" },
  attrs: {},
  error: "exact",

  infer({ condition, x, y }, _, ctx) {
    dtypeIn(condition, "condition", ["bool"], ctx);
    // ONNX allows complex numbers, too, which nothing else here computes with.
    dtypeIn(x, "x", selectable, ctx);
    const shapes = [condition, x, y].map((v) => shapeIn(v, `%${v.name}`, ctx));
    const type = tensorType(sameDType([x, y], ctx), broadcastShapes(shapes, ctx));
    return [mapContents(type, [condition, x, y], chosen)];
  },

  evaluate({ condition, x, y }) {
    return [mapElements(x.dtype, [condition, x, y], (c, a, b) => (c ? (a as number) : (b as number)))];
  },

  lower({ condition, x, y }, _, l) {
    expectBroadcast(l, [condition, x, y], l.output(0));
    l.call("ops::select", [...operand(condition), ...operand(x), ...operand(y), ...result(l.output(0))]);
  },
});

function chosen(c: Known, x: Known, y: Known): Known {
  if (typeof c === "number") return c ? x : y;
  return x !== undefined && y !== undefined && sameDim(x, y) ? x : undefined;
}
