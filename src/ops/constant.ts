/**
 * A constant of the model: becomes a literal when the model is imported, in all its forms (a tensor, sparse or not, a number,
 * a string, or a list of them).
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Constant.html
 */
import type { OnnxAttribute } from "../frontend/onnx_model.ts";
import type { AttrSpec } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import { type Literal, literalOf } from "../ir/literal.ts";
import { defineOp, type ImportNode } from "../ir/op_def.ts";
import { scalar, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";

/** An attribute that is read as a constant. */
const literal = (
  expected: string,
  fromOnnx: (a: OnnxAttribute) => Literal | undefined,
): AttrSpec<Literal | undefined> => ({
  kind: "tensor",
  default: undefined,
  required: false,
  fromOnnx,
  expected,
});

const forms = {
  value: literal("a tensor", (a) => (a.kind === "tensor" ? a.value : undefined)),
  sparse_value: literal("a sparse tensor", (a) => (a.kind === "sparse_tensor" ? a.value : undefined)),
  value_float: literal("a number", (a) => (a.kind === "float" ? literalOf(scalar("f32", a.value)) : undefined)),
  value_floats: literal("numbers", (a) =>
    isList(a, "floats") ? listOf("f32", a.value as readonly number[]) : undefined,
  ),
  value_int: literal("an integer", (a) => (a.kind === "int" ? literalOf(scalar("i64", a.value)) : undefined)),
  value_ints: literal("integers", (a) => (isList(a, "ints") ? listOf("i64", a.value as readonly bigint[]) : undefined)),
  value_string: literal("a string", (a) =>
    a.kind === "string" && typeof a.value === "string" ? literalOf(scalar("string", a.value)) : undefined,
  ),
  value_strings: literal("strings", (a) =>
    isList(a, "strings") && (a.value as readonly unknown[]).every((s) => typeof s === "string")
      ? listOf("string", a.value as readonly string[])
      : undefined,
  ),
};

const listOf = (dtype: "f32" | "i64" | "string", values: readonly (number | bigint | string)[]): Literal =>
  literalOf(tensor(dtype, [values.length], values));

/** An empty list may have come as another kind of list. */
const isList = (
  a: OnnxAttribute,
  kind: "floats" | "ints" | "strings",
): a is Extract<OnnxAttribute, { kind: typeof kind }> =>
  a.kind === kind || ("value" in a && Array.isArray(a.value) && a.value.length === 0);

export const constant = defineOp({
  name: "constant",
  summary: "A constant of the model.",
  onnx: {
    type: "Constant",
    since: [1, 9, 11, 12, 13, 19, 21, 23, 24, 25],
    adaptsNewest: true,
    adapt: asLiteral,
  },
  inputs: {},
  outputs: { output: "required" },
  attrs: forms,
  error: "exact",

  infer(_, attrs, ctx) {
    const given = Object.values(attrs).filter((v) => v !== undefined);
    const [only] = given;
    if (!only || given.length > 1)
      return ctx.fail("E0201", { what: "attributes that hold a value", expected: "exactly one", found: given.length });
    return [tensorType(only.dtype, only.shape)];
  },

  evaluate(_, attrs) {
    return [(Object.values(attrs).find((v) => v !== undefined) as Literal).load()];
  },

  decompose(_, attrs, b) {
    return [b.literal(Object.values(attrs).find((v) => v !== undefined) as Literal)];
  },
});

/** What is no constant is left to the checks of the attributes. */
function asLiteral(node: ImportNode, _: number, b: Builder): ImportNode | readonly Value[] {
  const [only, ...others] = node.attributes;
  const form = only && Object.hasOwn(forms, only.name) ? forms[only.name as keyof typeof forms] : undefined;
  const value = only && form?.fromOnnx(only);
  return value && others.length === 0 ? [b.literal(value)] : node;
}
