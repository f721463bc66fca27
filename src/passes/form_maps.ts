/**
 * Elementwise f32 operators become `map`: one operator that later passes have to know instead of sixty. Which operators
 * these are, their own lowering tells: those that are a single map step.
 */
import type { Op, Value } from "../ir/graph.ts";
import type { MapExpr } from "../ir/map_expr.ts";
import { named } from "../ir/op_def.ts";
import type { Lowering } from "../ir/plan.ts";
import { map } from "../ops/map.ts";
import type { Pass } from "./pass.ts";
import { rewriteOps } from "./rewrite.ts";

export const formMaps: Pass = {
  name: "form-maps",
  summary: "elementwise operators become maps",
  optional: true,
  run: (program) =>
    rewriteOps(program, ({ op, builder }) => {
      const found = op.def === map ? undefined : asMap(op);
      return found && [builder.emit(map, { inputs: found.inputs }, { expr: found.expr })];
    }),
};

export interface MapForm {
  readonly expr: MapExpr;
  readonly inputs: readonly Value[];
}

class NoMap extends Error {}

/** The operation as a map, if its lowering is exactly one. */
export function asMap(op: Op): MapForm | undefined {
  const [y] = op.outputs;
  if (!op.def.lower || op.outputs.length !== 1 || y?.type.kind !== "tensor" || y.type.dtype !== "f32") return undefined;
  if (op.regions.length > 0 || op.inputs.some((v) => v && (v.type.kind !== "tensor" || v.type.dtype !== "f32")))
    return undefined;
  let found: MapForm | undefined;
  try {
    op.def.lower(
      named(op.def.inputs, op.inputs),
      op.attrs,
      recorder(op, (form) => (found = form)),
    );
  } catch (e) {
    if (e instanceof NoMap) return undefined;
    throw e;
  }
  return found && found.inputs.length > 0 ? found : undefined;
}

/** A lowering that takes one map and gives up on anything else. */
function recorder(op: Op, record: (form: MapForm) => void): Lowering {
  let seen = false;
  const refuse = (): never => {
    throw new NoMap();
  };
  return {
    op,
    outputs: op.outputs,
    output: (i) => op.outputs[i] ?? refuse(),
    map(expr, inputs) {
      if (seen) refuse();
      seen = true;
      record({ expr, inputs });
    },
    constant: (v) => (v?.literal?.splat !== undefined ? [Number(v.literal.splat)] : undefined),
    rootOf: (v) => v,
    call: refuse,
    view: refuse,
    temporary: refuse,
    region: refuse,
    step: refuse,
    within: refuse,
  };
}
