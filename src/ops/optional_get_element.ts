/**
 * What an optional value holds; that there is nothing is an error of the run. A tensor or sequence is what it is.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__OptionalGetElement.html
 */
import { defineOp } from "../ir/op_def.ts";
import { grow, int, read, shape, write } from "../ir/plan.ts";
import { fromElement } from "../ir/types.ts";
import { bindExtents } from "./operands.ts";

export const optionalGetElement = defineOp({
  name: "optional_get_element",
  summary: "What an optional value holds.",
  onnx: { type: "OptionalGetElement", since: [15, 18] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: {},

  infer({ input }, _, ctx) {
    if (input.type.kind === "optional") return [fromElement(input.type.element, () => ctx.fresh())];
    return [input.contents ? { type: input.type, contents: input.contents } : input.type];
  },

  evaluateValues({ input }) {
    if (input === null) throw new RangeError("the optional value is not there");
    return [input];
  },

  lower({ input }, _, l) {
    const y = l.output(0);
    if (input.type.kind !== "optional") return l.view(input, y);
    if (y.type.kind !== "tensor" || !y.type.shape)
      return l.call("ops::optional_get", [read(input), grow(y)], { fallible: true });
    bindExtents(l, y, "ops::optional_extents", [read(input), int(y.type.shape.length)]);
    l.call("ops::optional_get_tensor", [read(input), shape(y), write(y)], { fallible: true });
  },
});
