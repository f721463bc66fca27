/**
 * The input itself, of any type: tensor, sequence or optional.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Identity.html
 */
import { defineOp } from "../ir/op_def.ts";

export const identity = defineOp({
  name: "identity",
  summary: "The input itself.",
  onnx: { type: "Identity", since: [1, 13, 14, 16, 19, 21, 23, 24, 25] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: {},

  infer({ input }) {
    return [input.contents ? { type: input.type, contents: input.contents } : input.type];
  },

  evaluateValues({ input }) {
    return [input];
  },

  lower({ input }, _, l) {
    l.view(input, l.output(0));
  },
});
