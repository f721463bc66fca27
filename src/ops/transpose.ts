/**
 * The axes in another order: axis `i` of the result is axis `perm[i]` of the input. Without `perm` the order is reversed.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Transpose.html
 */
import { attr, optional } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, shape, write } from "../ir/plan.ts";
import { stridesOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { indexList } from "./operands.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";
import { strided } from "./strided.ts";

export const transpose = defineOp({
  name: "transpose",
  summary: "The axes in another order.",
  onnx: { type: "Transpose", since: [1, 13, 21, 23, 24, 25] },
  inputs: { data: "required" },
  outputs: { transposed: "required" },
  attrs: { perm: attr.ints(optional) },

  infer({ data }, { perm }, ctx) {
    const from = shapeIn(data, "data", ctx);
    const order = orderOf(perm, from.length);
    if (![...order].sort((a, b) => a - b).every((axis, i) => axis === i) || order.length !== from.length)
      ctx.fail("E0202", { name: "perm", value: order.join(", "), expected: `an order of ${from.length} axes` });
    const type = tensorType(
      tensorIn(data, "data", ctx).dtype,
      order.map((axis) => from[axis] as Dim),
    );
    return [data.contents ? { type, contents: data.contents } : type];
  },

  evaluate({ data }, { perm }) {
    const order = orderOf(perm, data.shape.length);
    const strides = stridesOf(data.shape);
    return [
      strided(
        data,
        order.map((axis) => data.shape[axis] as number),
        order.map((axis) => strides[axis] as number),
      ),
    ];
  },

  lower({ data }, { perm }, l) {
    const from = shapeOf(data);
    const order = orderOf(perm, from.length);
    if (keepsOrder(from, order)) return l.view(data, l.output(0));
    l.call("ops::transpose", [read(data), shape(data), indexList(order), write(l.output(0))]);
  },
});

export const orderOf = (perm: readonly number[] | undefined, rank: number): readonly number[] =>
  perm?.map((axis) => (axis < 0 ? axis + rank : axis)) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);

/** Whether only axes of extent 1 change places, so that the elements stay in order. */
export function keepsOrder(from: readonly Dim[], order: readonly number[]): boolean {
  const moving = order.filter((axis) => from[axis] !== 1);
  return moving.every((axis, i) => i === 0 || axis > (moving[i - 1] as number));
}
