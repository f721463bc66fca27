/**
 * A sequence with one more tensor: before the one at `position`, which counts from the end where it is negative; at the
 * end where it is absent or the number of elements. A position outside of −n … n is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SequenceInsert.html
 */
import { defineOp } from "../ir/op_def.ts";
import { grow, read, shape } from "../ir/plan.ts";
import { sequenceType } from "../ir/types.ts";
import { integers } from "./operands.ts";
import { asElementIn, checkPosition, eitherElement, elementIn, elementsOf, placeOf, sequenceOf } from "./sequences.ts";

export const sequenceInsert = defineOp({
  name: "sequence_insert",
  summary: "A sequence with one more tensor.",
  onnx: { type: "SequenceInsert", since: [11] },
  inputs: { input_sequence: "required", tensor: "required", position: "optional" },
  outputs: { output_sequence: "required" },
  attrs: {},

  infer({ input_sequence, tensor, position }, _, ctx) {
    checkPosition(position, ctx);
    const element = elementIn(input_sequence, "input_sequence", ctx);
    return [sequenceType(eitherElement(element, asElementIn(tensor, "tensor", ctx), "tensor", ctx))];
  },

  evaluateValues({ input_sequence, tensor, position }) {
    const elements = elementsOf(input_sequence);
    const at = placeOf(position, elements.length, elements.length + 1);
    return [sequenceOf([...elements.slice(0, at), tensor, ...elements.slice(at)])];
  },

  lower({ input_sequence, tensor, position }, _, l) {
    l.call(
      "ops::sequence_insert",
      [read(input_sequence), read(tensor), shape(tensor), integers(position), grow(l.output(0))],
      { fallible: true },
    );
  },
});
