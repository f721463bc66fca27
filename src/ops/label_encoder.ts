/**
 * Replaces each element by the value of the key that it is, or by a default. Of repeated keys the last counts; NaN is a key
 * like any other, and −0 is 0.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_LabelEncoder.html
 */
import { attr, optional } from "../ir/attr.ts";
import { type DType, isFloat } from "../ir/dtype.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { read, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { encode, entriesOf, keysArg, type Label, labelsArg, sortedEntries } from "./labels.ts";
import { exactInt, listAttr } from "./list_attrs.ts";
import { tensorIn } from "./shape_rules.ts";

interface Attrs {
  readonly default_float: number;
  readonly default_int64: number;
  readonly default_string: string;
  readonly default_tensor: Literal | undefined;
  readonly keys_floats: Literal | undefined;
  readonly keys_int64s: Literal | undefined;
  readonly keys_strings: Literal | undefined;
  readonly keys_tensor: Literal | undefined;
  readonly values_floats: Literal | undefined;
  readonly values_int64s: Literal | undefined;
  readonly values_strings: Literal | undefined;
  readonly values_tensor: Literal | undefined;
}

const keysOf = (a: Attrs): (Literal | undefined)[] => [a.keys_floats, a.keys_int64s, a.keys_strings, a.keys_tensor];
const valuesOf = (a: Attrs): (Literal | undefined)[] => [
  a.values_floats,
  a.values_int64s,
  a.values_strings,
  a.values_tensor,
];
const given = (lists: readonly (Literal | undefined)[]): Literal[] => lists.filter((l) => l !== undefined);

function defaultOf(attrs: Attrs, dtype: DType): Label {
  if (attrs.default_tensor) return attrs.default_tensor.load().data[0] as Label;
  if (dtype === "string") return attrs.default_string;
  if (isFloat(dtype)) return attrs.default_float;
  return dtype === "i64" ? BigInt(attrs.default_int64) : attrs.default_int64;
}

export const labelEncoder = defineOp({
  name: "label_encoder",
  summary: "Replaces keys by their values.",
  onnx: { type: "LabelEncoder", domain: "ai.onnx.ml", since: [1, 2, 4], adapt },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    default_float: attr.float(-0),
    default_int64: exactInt(-1),
    default_string: attr.string("_Unused"),
    default_tensor: attr.tensor(optional),
    keys_floats: listAttr("floats"),
    keys_int64s: listAttr("ints"),
    keys_strings: listAttr("strings"),
    keys_tensor: attr.tensor(optional),
    values_floats: listAttr("floats"),
    values_int64s: listAttr("ints"),
    values_strings: listAttr("strings"),
    values_tensor: attr.tensor(optional),
  },

  infer({ x }, attrs, ctx) {
    const { dtype, shape } = tensorIn(x, "X", ctx);
    const [keys, values] = [one(keysOf(attrs), "keys_*", ctx), one(valuesOf(attrs), "values_*", ctx)];
    const allowed = ["f32", "f64", "i16", "i32", "i64", "string"];
    if (!allowed.includes(dtype)) ctx.fail("E0203", { what: "X", found: dtype, expected: allowed.join(", ") });
    if (keys.dtype !== dtype)
      ctx.fail("E0203", { what: "X", found: dtype, expected: `${keys.dtype}, the type of the keys` });
    if (!allowed.includes(values.dtype))
      ctx.fail("E0203", { what: "values", found: values.dtype, expected: allowed.join(", ") });
    const [k, v] = [keys, values].map((l) => l.shape.reduce((a, b) => a * b, 1)) as [number, number];
    if (k !== v) ctx.fail("E0202", { name: "values_*", value: `${v} values`, expected: `${k}, one for each key` });
    if (attrs.default_tensor && attrs.default_tensor.dtype !== values.dtype)
      ctx.fail("E0202", { name: "default_tensor", value: attrs.default_tensor.dtype, expected: values.dtype });
    return [tensorType(values.dtype, shape)];
  },

  evaluate({ x }, attrs) {
    const [keys, values] = [given(keysOf(attrs))[0] as Literal, given(valuesOf(attrs))[0] as Literal];
    return [encode(x, entriesOf(keys, values), values.dtype, defaultOf(attrs, values.dtype))];
  },

  lower({ x }, attrs, l) {
    const [keys, values] = [given(keysOf(attrs))[0] as Literal, given(valuesOf(attrs))[0] as Literal];
    const entries = sortedEntries(entriesOf(keys, values));
    const found = keysArg(
      entries.map(([k]) => k),
      keys.dtype,
    );
    const labels = labelsArg(
      entries.map(([, v]) => v),
      values.dtype,
      defaultOf(attrs, values.dtype),
    );
    l.call("ops::label_encoder", [read(x), found, labels, write(l.output(0))]);
  },
});

function one(lists: readonly (Literal | undefined)[], name: string, ctx: InferContext): Literal {
  const found = given(lists);
  if (found.length !== 1) ctx.fail("E0202", { name, value: `${found.length} lists`, expected: "one" });
  return found[0] as Literal;
}

/** Version 1 numbers its classes, in the direction that the input's type tells. */
function adapt(node: ImportNode, version: number): ImportNode {
  if (version > 1) return node;
  const classes = node.attributes.find((a) => a.name === "classes_strings");
  if (classes?.kind !== "strings") return node;
  const type = node.inputs[0]?.type;
  const toText = type?.kind === "tensor" && type.dtype !== "string";
  const numbers = classes.value.map((_, i) => BigInt(i));
  const rest = node.attributes.filter((a) => a !== classes);
  const texts = { name: toText ? "values_strings" : "keys_strings", kind: "strings" as const, value: classes.value };
  return {
    ...node,
    attributes: [...rest, texts, { name: toText ? "keys_int64s" : "values_int64s", kind: "ints", value: numbers }],
  };
}
