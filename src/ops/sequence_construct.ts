/**
 * A sequence of the given tensors.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SequenceConstruct.html
 */
import type { Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { grow, list, read, shape } from "../ir/plan.ts";
import type { RuntimeValue } from "../ir/tensor.ts";
import { sequenceType, type TensorType } from "../ir/types.ts";
import { asElementIn, eitherElement, sequenceOf } from "./sequences.ts";

export const sequenceConstruct = defineOp({
  name: "sequence_construct",
  summary: "A sequence of the given tensors.",
  onnx: { type: "SequenceConstruct", since: [11] },
  inputs: { inputs: "variadic" },
  outputs: { output_sequence: "required" },
  attrs: {},

  infer({ inputs }, _, ctx) {
    const elements = inputs.map((v, i) =>
      v
        ? asElementIn(v, `input ${i}`, ctx)
        : ctx.fail("E0201", { what: `input ${i}`, expected: "a tensor", found: "nothing" }),
    );
    if (elements.length === 0) ctx.fail("E0201", { what: "inputs", expected: "at least one", found: 0 });
    return [sequenceType(elements.reduce((a, b, i) => eitherElement(a, b, `input ${i}`, ctx) as TensorType))];
  },

  evaluateValues({ inputs }) {
    return [sequenceOf(inputs as readonly RuntimeValue[])];
  },

  lower({ inputs }, _, l) {
    const parts = inputs as readonly Value[];
    l.call("ops::sequence_construct", [list(parts.map(read)), list(parts.map(shape)), grow(l.output(0))]);
  },
});
