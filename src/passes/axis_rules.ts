/** How operators with an axis change when their operand is transposed: `op(T x)` is `T' op'(x)`. Data for `sink-transposes`. */
import type { Builder } from "../ir/builder.ts";
import { type Op, shapeOf, type Value } from "../ir/graph.ts";
import { sizeOf, tensor } from "../ir/tensor.ts";

type Order = readonly number[];

export interface AxisRule {
  /** How many leading inputs are transposed together. */
  readonly operands: (op: Op) => number;
  /** Attributes and other inputs over the untransposed operand, and the order of the transpose behind (none: in place). */
  readonly change: (
    op: Op,
    order: Order,
    b: Builder,
  ) =>
    | { readonly attrs?: object; readonly inputs?: Readonly<Record<number, Value>>; readonly after: Order | undefined }
    | undefined;
}

const one = (): number => 1;
const axisOf = (op: Op): number => {
  const axis = op.attrs.axis as number;
  return axis < 0 ? axis + shapeOf(op.inputs[0] as Value).length : axis;
};

/** Operators with one `axis` attribute and results of the operand's rank. */
const alongAxis: AxisRule = {
  operands: one,
  change: (op, order) => ({ attrs: { axis: order[axisOf(op)] as number }, after: order }),
};

/** Reductions over constant axes given as input 1. */
const reduction: AxisRule = {
  operands: one,
  change(op, order, b) {
    const axes = op.inputs[1]?.contents;
    if (!axes?.every((a): a is number => typeof a === "number")) return undefined;
    const rank = order.length;
    const reduced = axes.map((a) => (a < 0 ? a + rank : a));
    const inputs = { 1: b.int64s(reduced.map((a) => order[a] as number)) };
    if (op.attrs.keepdims) return { inputs, after: order };
    // The axes that stay, as the untransposed operand has them and as they must come out.
    const wanted = order.filter((_, i) => !reduced.includes(i));
    const sorted = [...wanted].sort((p, q) => p - q);
    return {
      inputs,
      after: wanted.every((a, i) => a === sorted[i]) ? undefined : wanted.map((a) => sorted.indexOf(a)),
    };
  },
};

/** Pads as two values for each axis. */
const padding: AxisRule = {
  operands: one,
  change(op, order, b) {
    const pads = op.inputs[1]?.contents;
    if (op.inputs[3] || !pads?.every((p): p is number => typeof p === "number")) return undefined;
    const rank = order.length;
    const moved = new Array<number>(2 * rank);
    order.forEach((axis, i) => {
      moved[axis] = pads[i] as number;
      moved[axis + rank] = pads[i + rank] as number;
    });
    return { inputs: { 1: b.int64s(moved) }, after: order };
  },
};

/** Slices along constant axes given as input 3. */
const slicing: AxisRule = {
  operands: one,
  change(op, order, b) {
    const axes = op.inputs[3]?.contents;
    if (!axes?.every((a): a is number => typeof a === "number")) return undefined;
    return { inputs: { 3: b.int64s(axes.map((a) => order[a < 0 ? a + order.length : a] as number)) }, after: order };
  },
};

/** Resampling by constant factors or to constant extents, one for each axis. */
const resizing: AxisRule = {
  operands: one,
  change(op, order, b) {
    const [, roi, scales, sizes] = op.inputs;
    const given = (scales && sizeOf(scales.literal?.shape ?? [1]) > 0 && scales) || sizes;
    if (
      (roi && sizeOf(roi.literal?.shape ?? [1]) > 0) ||
      (op.attrs.axes as unknown[] | undefined)?.length ||
      !given?.literal
    )
      return undefined;
    const values = given.literal.load();
    const moved = new Array<number | bigint>(order.length);
    order.forEach((axis, i) => {
      moved[axis] = values.data[i] as number | bigint;
    });
    return {
      inputs: { [op.inputs.indexOf(given)]: b.constant(tensor(values.dtype, values.shape, moved)) },
      after: order,
    };
  },
};

const reductions = [
  "reduce_sum",
  "reduce_mean",
  "reduce_max",
  "reduce_min",
  "reduce_prod",
  "reduce_l1",
  "reduce_l2",
  "reduce_sum_square",
  "reduce_log_sum",
  "reduce_log_sum_exp",
];

export const axisRules: ReadonlyMap<string, AxisRule> = new Map<string, AxisRule>([
  ["concat", { ...alongAxis, operands: (op) => op.inputs.length }],
  ["softmax", alongAxis],
  ["log_softmax", alongAxis],
  ["split", alongAxis],
  ["slice", slicing],
  ["pad", padding],
  ["resize", resizing],
  ...reductions.map((name) => [name, reduction] as const),
]);
