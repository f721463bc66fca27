/**
 * The number of tensors in a sequence.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SequenceLength.html
 */
import { defineOp } from "../ir/op_def.ts";
import { read, write } from "../ir/plan.ts";
import { scalar } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { elementIn, elementsOf } from "./sequences.ts";

export const sequenceLength = defineOp({
  name: "sequence_length",
  summary: "The number of tensors in a sequence.",
  onnx: { type: "SequenceLength", since: [11] },
  inputs: { input_sequence: "required" },
  outputs: { length: "required" },
  attrs: {},

  infer({ input_sequence }, _, ctx) {
    elementIn(input_sequence, "input_sequence", ctx);
    return [tensorType("i64", [])];
  },

  evaluateValues({ input_sequence }) {
    return [scalar("i64", elementsOf(input_sequence).length)];
  },

  lower({ input_sequence }, _, l) {
    l.call("ops::sequence_length", [read(input_sequence), write(l.output(0))]);
  },
});
