/**
 * A sequence without the tensor at `position`, which counts from the end where it is negative; without the last where it
 * is absent. A position outside of −n … n − 1 is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SequenceErase.html
 */
import { defineOp } from "../ir/op_def.ts";
import { grow, read } from "../ir/plan.ts";
import { sequenceType } from "../ir/types.ts";
import { integers } from "./operands.ts";
import { checkPosition, elementIn, elementsOf, placeOf, sequenceOf } from "./sequences.ts";

export const sequenceErase = defineOp({
  name: "sequence_erase",
  summary: "A sequence without one of its tensors.",
  onnx: { type: "SequenceErase", since: [11] },
  inputs: { input_sequence: "required", position: "optional" },
  outputs: { output_sequence: "required" },
  attrs: {},

  infer({ input_sequence, position }, _, ctx) {
    checkPosition(position, ctx);
    return [sequenceType(elementIn(input_sequence, "input_sequence", ctx))];
  },

  evaluateValues({ input_sequence, position }) {
    const elements = elementsOf(input_sequence);
    const at = placeOf(position, elements.length, elements.length);
    return [sequenceOf(elements.filter((_, i) => i !== at))];
  },

  lower({ input_sequence, position }, _, l) {
    l.call("ops::sequence_erase", [read(input_sequence), integers(position), grow(l.output(0))], { fallible: true });
  },
});
