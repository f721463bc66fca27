/**
 * The tensors of a sequence joined along an axis, which is a new one with `new_axis`. The other extents must agree; an
 * empty sequence is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ConcatFromSequence.html
 */
import { attr, required } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { tensorOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, grow, int, read, shape, write } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { fromElement, type TensorType, tensorType } from "../ir/types.ts";
import { concatenate } from "./concat.ts";
import { bindExtents } from "./operands.ts";
import { elementIn, elementsOf } from "./sequences.ts";
import { axisIn } from "./shape_rules.ts";

export const concatFromSequence = defineOp({
  name: "concat_from_sequence",
  summary: "The tensors of a sequence joined along an axis.",
  onnx: { type: "ConcatFromSequence", since: [11] },
  inputs: { input_sequence: "required" },
  outputs: { concat_result: "required" },
  attrs: { axis: attr.int(required), new_axis: attr.bool(false) },

  infer({ input_sequence }, { axis, new_axis }, ctx) {
    const { dtype, shape } = elementIn(input_sequence, "input_sequence", ctx);
    if (!shape) return [tensorType(dtype, undefined)];
    const at = axisIn(axis, shape.length, ctx, new_axis ? 1 : 0);
    const joined = ctx.fresh();
    const others = (list: readonly Dim[]): readonly Dim[] =>
      (fromElement(tensorType(dtype, list), () => ctx.fresh()) as TensorType).shape as readonly Dim[];
    return [tensorType(dtype, [...others(shape.slice(0, at)), joined, ...others(shape.slice(new_axis ? at : at + 1))])];
  },

  evaluateValues({ input_sequence }, { axis, new_axis }) {
    const elements = elementsOf(input_sequence);
    if (elements.length === 0) throw new RangeError("an empty sequence has nothing to join");
    if (!new_axis) return [concatenate(elements, axis)];
    const withAxis = (t: Tensor): Tensor => {
      const at = axis < 0 ? axis + t.shape.length + 1 : axis;
      return { ...t, shape: [...t.shape.slice(0, at), 1, ...t.shape.slice(at)] };
    };
    return [concatenate(elements.map(withAxis), axis)];
  },

  lower({ input_sequence }, { axis, new_axis }, l) {
    const y = l.output(0);
    const rank = tensorOf(y).shape?.length;
    const joined = [read(input_sequence), int(axis), bool(new_axis)];
    if (rank === undefined) return l.call("ops::concat_sequence_tensor", [...joined, grow(y)], { fallible: true });
    bindExtents(l, y, "ops::concat_sequence_extents", [...joined, int(rank)]);
    l.call("ops::concat_sequence", [...joined, shape(y), write(y)], { fallible: true });
  },
});
