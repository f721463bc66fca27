/**
 * The tensor at `position` of a sequence, which counts from the end where it is negative. A position outside of
 * −n … n − 1 is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SequenceAt.html
 */
import { tensorOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { grow, int, read, shape, write } from "../ir/plan.ts";
import type { RuntimeValue } from "../ir/tensor.ts";
import { fromElement } from "../ir/types.ts";
import { bindExtents, integers } from "./operands.ts";
import { checkPosition, elementIn, elementsOf, placeOf } from "./sequences.ts";

export const sequenceAt = defineOp({
  name: "sequence_at",
  summary: "One tensor of a sequence.",
  onnx: { type: "SequenceAt", since: [11] },
  inputs: { input_sequence: "required", position: "required" },
  outputs: { tensor: "required" },
  attrs: {},

  infer({ input_sequence, position }, _, ctx) {
    checkPosition(position, ctx);
    return [fromElement(elementIn(input_sequence, "input_sequence", ctx), () => ctx.fresh())];
  },

  evaluateValues({ input_sequence, position }) {
    const elements = elementsOf(input_sequence);
    return [elements[placeOf(position, elements.length, elements.length)] as RuntimeValue];
  },

  lower({ input_sequence, position }, _, l) {
    const y = l.output(0);
    const element = [read(input_sequence), integers(position)];
    const rank = tensorOf(y).shape?.length;
    if (rank === undefined) return l.call("ops::sequence_at_tensor", [...element, grow(y)], { fallible: true });
    bindExtents(l, y, "ops::sequence_at_extents", [...element, int(rank)]);
    l.call("ops::sequence_at", [...element, shape(y), write(y)], { fallible: true });
  },
});
