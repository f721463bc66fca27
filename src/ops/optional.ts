/**
 * An optional value: the input, or none where there is no input; `type` then says of what.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Optional.html
 */
import { importType } from "../frontend/import_types.ts";
import type { AttrSpec } from "../ir/attr.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { grow } from "../ir/plan.ts";
import { anyExtent, asElement, optionalType, type Type, typeText, unify } from "../ir/types.ts";
import { copyValue } from "./copy_value.ts";

const type: AttrSpec<Type | undefined> = {
  kind: "type",
  expected: "a type",
  required: false,
  default: undefined,
  fromOnnx: (a) => (a.kind === "type" ? asElement(importType(a.value, () => anyExtent)) : undefined),
};

export const optional = defineOp({
  name: "optional",
  summary: "An optional value, there or not.",
  onnx: { type: "Optional", since: [15] },
  inputs: { input: "optional" },
  outputs: { output: "required" },
  attrs: { type },

  infer({ input }, { type }, ctx) {
    const given = input && asElement(input.type);
    const element = given && type ? bothTypes(given, type, ctx) : (given ?? type);
    if (!element) return ctx.fail("E0202", { name: "type", value: "nothing", expected: "a type, without input" });
    if (element.kind !== "tensor" && element.kind !== "sequence")
      ctx.fail("E0201", { what: "input", expected: "a tensor or sequence", found: typeText(element) });
    return [optionalType(element)];
  },

  evaluateValues({ input }) {
    return [input ?? null];
  },

  lower({ input }, _, l) {
    const y = l.output(0);
    if (!input) return l.call("ops::optional_empty", [grow(y)]);
    copyValue(l, input, y, new Set());
  },
});

function bothTypes(input: Type, type: Type, ctx: InferContext): Type {
  if (unify(input, type, () => anyExtent)) return input;
  return ctx.fail("E0201", { what: "input", expected: typeText(type), found: typeText(input) });
}
