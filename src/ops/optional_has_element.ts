/**
 * Whether an optional value is there: true for every tensor and sequence, false without an input.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__OptionalHasElement.html
 */
import { defineOp } from "../ir/op_def.ts";
import { read, rust, write } from "../ir/plan.ts";
import { scalar } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";

export const optionalHasElement = defineOp({
  name: "optional_has_element",
  summary: "Whether an optional value is there.",
  onnx: { type: "OptionalHasElement", since: [15, 18] },
  inputs: { input: "optional" },
  outputs: { output: "required" },
  attrs: {},

  infer({ input }) {
    const type = tensorType("bool", []);
    return [input?.type.kind === "optional" ? type : { type, contents: [input ? 1 : 0] }];
  },

  evaluateValues({ input }) {
    return [scalar("bool", input === undefined || input === null ? 0 : 1)];
  },

  lower({ input }, _, l) {
    const y = write(l.output(0));
    if (input?.type.kind === "optional") return l.call("ops::optional_has_element", [read(input), y]);
    l.call("ops::fill", [rust(input ? "rt::Bool(1)" : "rt::Bool(0)"), y]);
  },
});
