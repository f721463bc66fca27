/**
 * A map whose result only another map uses becomes part of that map: one pass over memory instead of two.
 *
 * Two rules, for two places of the pipeline. *Cohesive*: only where the group reads no more than its consumer did, so that
 * `x · sigmoid(x)` becomes one function of `x` that an epilogue can recognise. *General*: up to a number of inputs and
 * functions, as long as nothing is computed more often than before.
 */
import { sameDims } from "../ir/dim.ts";
import { type Op, shapeOf, type Value } from "../ir/graph.ts";
import { costOf, input, type MapExpr, substituteInputs } from "../ir/map_expr.ts";
import { map } from "../ops/map.ts";
import type { Pass } from "./pass.ts";
import { rewriteToFixpoint, type Site } from "./rewrite.ts";

const maxInputs = 8;
const maxCost = 48;

export const fuseCohesiveMaps: Pass = {
  name: "fuse-cohesive-maps",
  summary: "functions of the same values become one function",
  optional: true,
  run: (program) => rewriteToFixpoint(program, (site) => fuse(site, true)),
};

export const fuseMaps: Pass = {
  name: "fuse-maps",
  summary: "maps that feed maps become one loop",
  optional: true,
  run: (program) => rewriteToFixpoint(program, (site) => fuse(site, false)),
};

function fuse(site: Site, cohesive: boolean): readonly (Value | undefined)[] | undefined {
  const { op } = site;
  if (op.def !== map) return undefined;
  for (const v of new Set(op.inputs)) {
    const producer = v && site.producer(v);
    if (!v || producer?.def !== map || !isWorthIt(site, producer, v, cohesive)) continue;
    const merged = merge(op, v, producer);
    if (!merged) continue;
    if (cohesive && merged.inputs.length > new Set(op.inputs).size) continue;
    site.absorb(producer);
    return [site.builder.emit(map, { inputs: merged.inputs }, { expr: merged.expr })];
  }
  return undefined;
}

function isWorthIt(site: Site, producer: Op, v: Value, cohesive: boolean): boolean {
  const y = site.op.outputs[0] as Value;
  const sameShape = sameDims(shapeOf(v), shapeOf(y));
  // The result of a cohesive group may be kept for others too; recomputing one of few functions is cheaper than memory.
  const uses = site.op.inputs.filter((i) => i === v).length;
  const only = site.uses(v) <= uses;
  if (cohesive)
    return (
      sameShape &&
      (only || costOf(producer.attrs.expr as MapExpr) <= 4) &&
      producer.inputs.every((i) => site.op.inputs.includes(i) || only)
    );
  return only && sameShape;
}

/** `op` with `v` replaced by what computes it; equal inputs appear once. */
function merge(op: Op, v: Value, producer: Op): { inputs: readonly Value[]; expr: MapExpr } | undefined {
  const inputs: Value[] = [];
  const place = (x: Value): MapExpr => {
    const at = inputs.indexOf(x);
    return input(at >= 0 ? at : inputs.push(x) - 1);
  };
  const inner = (): MapExpr =>
    substituteInputs(producer.attrs.expr as MapExpr, (i) => place(producer.inputs[i] as Value));
  const expr = substituteInputs(op.attrs.expr as MapExpr, (i) =>
    op.inputs[i] === v ? inner() : place(op.inputs[i] as Value),
  );
  return inputs.length > maxInputs || costOf(expr) > maxCost ? undefined : { inputs, expr };
}
