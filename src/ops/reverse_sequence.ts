/**
 * The first `sequence_lens[b]` entries along the time axis in reverse order, for each entry of the batch axis; the rest as
 * it is. The two axes are 0 and 1, in either order.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ReverseSequence.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, read, shape, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { expectExtents } from "./operands.ts";
import { agree, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { copyRun } from "./strided.ts";
import { olderTypes } from "./type_sets.ts";

export const reverseSequence = defineOp({
  name: "reverse_sequence",
  summary: "The beginnings of sequences of different lengths, reversed.",
  onnx: { type: "ReverseSequence", since: [10] },
  inputs: { input: "required", sequence_lens: "required" },
  outputs: { y: "required" },
  attrs: { batch_axis: attr.int(1), time_axis: attr.int(0) },

  infer({ input, sequence_lens }, { batch_axis, time_axis }, ctx) {
    const dtype = dtypeIn(input, olderTypes, "input", ctx);
    dtypeIn(sequence_lens, ["i64"], "sequence_lens", ctx);
    const from = shapeIn(input, "input", ctx);
    if (from.length < 2) ctx.fail("E0201", { what: "rank of input", expected: "at least 2", found: from.length });
    if (time_axis !== 0 && time_axis !== 1)
      ctx.fail("E0202", { name: "time_axis", value: time_axis, expected: "0 or 1" });
    if (batch_axis !== 1 - time_axis)
      ctx.fail("E0202", { name: "batch_axis", value: batch_axis, expected: `${1 - time_axis}` });
    const [count] = ranked(sequence_lens, 1, "sequence_lens", ctx);
    agree(from[batch_axis] as Dim, count as Dim, "extent of sequence_lens", ctx);
    return [tensorType(dtype, from)];
  },

  evaluate({ input, sequence_lens }, { batch_axis, time_axis }) {
    const [first, second] = input.shape as readonly [number, number];
    const inner = sizeOf(input.shape.slice(2));
    const lengths = numbers(sequence_lens);
    const y = allocate(input.dtype, sizeOf(input.shape));
    for (let i = 0; i < first; i++)
      for (let j = 0; j < second; j++) {
        const [batch, time] = batch_axis === 0 ? [i, j] : [j, i];
        const length = lengths[batch] as number;
        if (length < 0 || length > (input.shape[time_axis] as number))
          throw new RangeError(`a sequence of length ${length} on an axis of extent ${input.shape[time_axis]}`);
        const from = time < length ? length - 1 - time : time;
        const row = batch_axis === 0 ? i * second + from : from * second + j;
        copyRun(input, row * inner, y, (i * second + j) * inner, inner);
      }
    return [{ dtype: input.dtype, shape: input.shape, data: y }];
  },

  lower({ input, sequence_lens }, { batch_axis, time_axis }, l) {
    expectExtents(l, shapeOf(sequence_lens), [shapeOf(input)[batch_axis] as Dim]);
    const args = [read(input), shape(input), read(sequence_lens), bool(time_axis === 0), write(l.output(0))];
    l.call("ops::reverse_sequence", args, { fallible: true });
  },
});
