/**
 * A map that only an anchor's result feeds becomes part of the anchor's store: a bias, a residual, an activation. Found by
 * what the map computes, not by how an exporter has written it.
 */

import { type Activation, recogniseActivation } from "../ir/activation.ts";
import { sameDims } from "../ir/dim.ts";
import { type Op, shapeOf, type Value } from "../ir/graph.ts";
import { evaluateMap, type MapExpr } from "../ir/map_expr.ts";
import { convNhwc } from "../ops/conv_nhwc.ts";
import { linear } from "../ops/linear.ts";
import { map } from "../ops/map.ts";
import type { Pass } from "./pass.ts";
import { rewriteToFixpoint, type Site } from "./rewrite.ts";

export const fuseEpilogue: Pass = {
  name: "fuse-epilogue",
  summary: "biases, residuals and activations go into the store of convolutions and products",
  optional: true,
  run: (program) => rewriteToFixpoint(program, (site) => (site.op.def === map ? fuse(site) : undefined)),
};

const isAnchor = (op: Op | undefined): op is Op => op !== undefined && (op.def === convNhwc || op.def === linear);
/** Inputs of the anchors, by position. */
const [RESIDUAL] = [3];

function fuse(site: Site): readonly Value[] | undefined {
  const { op } = site;
  const inputs = op.inputs as readonly Value[];
  const expr = op.attrs.expr as MapExpr;
  for (const [at, y] of inputs.entries()) {
    const anchor = site.producer(y);
    if (!isAnchor(anchor) || site.uses(y) !== 1 || anchor.inputs[RESIDUAL]) continue;
    if ((anchor.attrs.activation as Activation).name !== "Identity" && inputs.length === 1) continue;
    if (!sameDims(shapeOf(y), shapeOf(op.outputs[0] as Value))) continue;
    const made =
      inputs.length === 1
        ? activation(site, anchor, expr)
        : inputs.length === 2
          ? residual(site, anchor, expr, at)
          : undefined;
    if (made) return [made];
  }
  return undefined;
}

function activation(site: Site, anchor: Op, expr: MapExpr): Value | undefined {
  const found = recogniseActivation((x) => evaluateMap(expr, [x]));
  return found && withEpilogue(site, anchor, anchor.inputs, { activation: found });
}

/** `act(y + r)` or `act(y) + r` with `r` as large as `y`. */
function residual(site: Site, anchor: Op, expr: MapExpr, at: number): Value | undefined {
  const r = site.op.inputs[1 - at] as Value;
  if (!sameDims(shapeOf(r), shapeOf(site.op.outputs[0] as Value))) return undefined;
  const f = (y: number, other: number): number => evaluateMap(expr, at === 0 ? [y, other] : [other, y]);
  const inputs = [anchor.inputs[0], anchor.inputs[1], anchor.inputs[2], r];
  const done = (anchor.attrs.activation as Activation).name !== "Identity";
  const first = done ? undefined : recogniseActivation((z) => f(z, 0));
  if (first && agree(f, (y, other) => f(y + other, 0)))
    return withEpilogue(site, anchor, inputs, { activation: first });
  // The anchor's own activation comes before the residual, or that of the map does.
  if (done)
    return agree(f, (y, other) => y + other) ? withEpilogue(site, anchor, inputs, { residual_last: true }) : undefined;
  if (first && agree(f, (y, other) => f(y, 0) + other))
    return withEpilogue(site, anchor, inputs, { activation: first, residual_last: true });
  return undefined;
}

const points = [-1e3, -7.3, -1.1, -0.4, 0, 0.3, 0.9, 2.6, 6.2, 1e3];

/** Whether two functions agree, to the rounding of double precision. */
function agree(f: (y: number, r: number) => number, g: (y: number, r: number) => number): boolean {
  return points.every((y) =>
    points.every((r) => Math.abs(f(y, r) - g(y, r)) <= 1e-9 * (Math.abs(y) + Math.abs(r) + Math.abs(g(y, r)))),
  );
}

function withEpilogue(site: Site, anchor: Op, inputs: readonly (Value | undefined)[], attrs: object): Value {
  site.absorb(anchor);
  return site.builder.emitOp(anchor.def, inputs, { ...anchor.attrs, ...attrs }, [true]).outputs[0] as Value;
}
