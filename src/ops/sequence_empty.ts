/**
 * A sequence without elements.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SequenceEmpty.html
 */
import { attr } from "../ir/attr.ts";
import { defineOp } from "../ir/op_def.ts";
import { grow } from "../ir/plan.ts";
import { sequenceType, tensorType } from "../ir/types.ts";
import { sequenceOf } from "./sequences.ts";

export const sequenceEmpty = defineOp({
  name: "sequence_empty",
  summary: "A sequence without elements.",
  onnx: { type: "SequenceEmpty", since: [11] },
  inputs: {},
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype("f32") },

  infer(_, { dtype }) {
    return [sequenceType(tensorType(dtype, undefined))];
  },

  evaluateValues() {
    return [sequenceOf([])];
  },

  lower(_, __, l) {
    l.call("ops::clear", [grow(l.output(0))]);
  },
});
