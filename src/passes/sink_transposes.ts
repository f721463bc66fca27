/**
 * Transposes move behind the operations that use them, until they meet their inverse and vanish, or an operation that they
 * cannot pass. Constants beside them are transposed when compiling.
 */
import type { Builder } from "../ir/builder.ts";
import { type Dim, sameDims } from "../ir/dim.ts";
import { type Op, shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { lazyLiteral } from "../ir/literal.ts";
import type { MapExpr } from "../ir/map_expr.ts";
import type { AnyOpDef } from "../ir/op_def.ts";
import { permuted, reshaped } from "../ops/channels_last.ts";
import { dims } from "../ops/dims.ts";
import { map } from "../ops/map.ts";
import { reshape } from "../ops/reshape.ts";
import { orderOf, transpose } from "../ops/transpose.ts";
import { axisRules } from "./axis_rules.ts";
import type { Pass } from "./pass.ts";
import { rewriteToFixpoint, type Site } from "./rewrite.ts";

export const sinkTransposes: Pass = {
  name: "sink-transposes",
  summary: "transposes move towards the outputs and vanish where they meet their inverse",
  optional: true,
  run: (program) =>
    rewriteToFixpoint(program, (site) => {
      if (site.op.def === transpose) return meet(site);
      if (site.op.def === map && site.op.inputs.length === 1) {
        const below = sinkReshape(site);
        if (below) return below;
      }
      return site.op.def === map ? sinkThrough(site, site.op.inputs.length, map, site.op.attrs) : sinkAxes(site);
    }),
};

export type Order = readonly number[];

export const inverse = (order: Order): Order => order.map((_, i) => order.indexOf(i));
const perm = (op: Op): Order => orderOf(op.attrs.perm as Order | undefined, shapeOf(op.inputs[0] as Value).length);

/** A function of every element does not care about extents: `map(reshape x)` is `reshape(map x)`. */
function sinkReshape({ op, builder, producer, uses }: Site): readonly Value[] | undefined {
  const [v] = op.inputs as [Value];
  const made = producer(v);
  if (made?.def !== reshape || made.fresh.length > 0 || uses(v) !== 1) return undefined;
  const [x, shape] = made.inputs as [Value, Value];
  const y = builder.emit(map, { inputs: [x] }, { expr: op.attrs.expr as MapExpr });
  return [builder.emitOp(made.def, [y, shape], made.attrs, [true]).outputs[0] as Value];
}

/** A transpose of a transpose is one, or none; of a constant, a constant. */
function meet({ op, builder, producer }: Site): readonly Value[] | undefined {
  const [x] = op.inputs as [Value];
  const order = perm(op);
  if (order.every((axis, i) => axis === i)) return [x];
  if (x.literal && x.literal.splat === undefined) return [transposedConstant(x, order, builder)];
  const before = producer(x);
  if (before?.def !== transpose) return undefined;
  const [source] = before.inputs as [Value];
  const first = perm(before);
  const both = order.map((axis) => first[axis] as number);
  return [both.every((axis, i) => axis === i) ? source : builder.emit(transpose, { data: source }, { perm: both })];
}

/**
 * The order in which the operands are transposed: at least one of the result's size is, and none of that size is not —
 * otherwise a transpose would only be traded for another one.
 */
function orderAt(site: Site, operands: readonly (Value | undefined)[], extents: readonly Dim[]): Order | undefined {
  let order: Order | undefined;
  for (const v of operands) {
    if (!v || v.literal || !tensorOf(v).shape || !sameDims(shapeOf(v), extents)) continue;
    const made = site.producer(v);
    if (made?.def !== transpose) return undefined;
    const found = perm(made);
    if (order && found.some((axis, i) => axis !== order?.[i])) return undefined;
    order = found;
  }
  return order;
}

/** `op(T x, c)` as `T op(x, T⁻¹ c)` for an operator that treats all axes alike. */
function sinkThrough(site: Site, operands: number, def: AnyOpDef, attrs: Op["attrs"]): readonly Value[] | undefined {
  const { op, builder } = site;
  const y = op.outputs[0] as Value;
  const order = orderAt(site, op.inputs.slice(0, operands), shapeOf(y));
  if (!order) return undefined;
  const inputs = op.inputs.map((v, i) => (v && i < operands ? before(site, v, order) : v));
  if (inputs.some((v, i) => v === undefined && op.inputs[i])) return undefined;
  const made = builder.emitOp(def, inputs, attrs, [true]).outputs[0] as Value;
  return [builder.emit(transpose, { data: made }, { perm: order })];
}

/** Operators with an axis: concat, softmax, reductions …; see `axis_rules.ts`. */
function sinkAxes(site: Site): readonly (Value | undefined)[] | undefined {
  const rule = axisRules.get(site.op.def.name);
  if (!rule) return undefined;
  const { op, builder } = site;
  const order = orderOfAll(site, op.inputs.slice(0, rule.operands(op)));
  const changed = order && rule.change(op, order, builder);
  if (!changed) return undefined;
  const count = rule.operands(op);
  const inputs = op.inputs.map((v, i) => (v && i < count ? before(site, v, order) : (changed.inputs?.[i] ?? v)));
  if (inputs.some((v, i) => v === undefined && op.inputs[i])) return undefined;
  const wanted = op.outputs.map((o) => o !== undefined);
  const made = builder.emitOp(op.def, inputs, { ...op.attrs, ...changed.attrs }, wanted).outputs;
  return made.map((v) => v && (changed.after ? builder.emit(transpose, { data: v }, { perm: changed.after }) : v));
}

/** The order in which all operands are transposed; constants follow. */
function orderOfAll(site: Site, operands: readonly (Value | undefined)[]): Order | undefined {
  const orders = operands
    .filter((v) => v && !v.literal)
    .map((v) => {
      const made = site.producer(v);
      return made?.def === transpose ? perm(made) : undefined;
    });
  const [first] = orders;
  return first && orders.every((o) => o?.every((axis, i) => axis === first[i])) ? first : undefined;
}

/** What `v` is the transpose (by `order`) of. Operands of lower rank are broadcast and get leading axes first. */
function before(site: Site, v: Value, order: Order): Value | undefined {
  const { builder } = site;
  const extents = tensorOf(v).shape;
  if (!extents) return undefined;
  const made = site.producer(v);
  if (made?.def === transpose && extents.length === order.length && perm(made).every((axis, i) => axis === order[i]))
    return made.inputs[0];
  const full = [...new Array<Dim>(order.length - extents.length).fill(1), ...extents];
  if (v.literal?.splat !== undefined && extents.length === 0) return v;
  const back = inverse(order);
  if (v.literal) return transposedConstant(v, back, builder, full as readonly number[]);
  const wide =
    full.length === extents.length
      ? v
      : builder.emit(reshape, { data: v, shape: builder.emit(dims, {}, { values: full }) });
  return builder.emit(transpose, { data: wide }, { perm: back });
}

function transposedConstant(v: Value, order: Order, b: Builder, shape = v.literal?.shape as readonly number[]): Value {
  const literal = v.literal as NonNullable<Value["literal"]>;
  const extents = order.map((axis) => shape[axis] as number);
  const made = lazyLiteral(literal.dtype, extents, () => permuted(reshaped(literal.load(), shape), order));
  return b.literal(literal.splat === undefined ? made : { ...made, splat: literal.splat }, v.name);
}
