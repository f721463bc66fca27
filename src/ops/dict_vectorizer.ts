/**
 * The values of a map as a row `[1, n]`, each in the place of its key in the vocabulary, 0 (or no text) elsewhere. Keys outside
 * of the vocabulary do not count, as in ONNX Runtime.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_DictVectorizer.html
 */
import type { DType } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { type Literal, literalOf } from "../ir/literal.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { read, write } from "../ir/plan.ts";
import { type RuntimeMap, tensor } from "../ir/tensor.ts";
import { tensorType, typeText } from "../ir/types.ts";
import { mapEntries } from "./cast_map.ts";
import { dataTable } from "./data_table.ts";
import { entriesOf, keysArg, type Label, sortedEntries } from "./labels.ts";
import { listAttr } from "./list_attrs.ts";

interface Attrs {
  readonly int64_vocabulary: Literal | undefined;
  readonly string_vocabulary: Literal | undefined;
}

const vocabularyOf = (attrs: Attrs): Literal => (attrs.string_vocabulary ?? attrs.int64_vocabulary) as Literal;

/** Words and their places, of repeated ones the last. */
function placesOf(attrs: Attrs): (readonly [Label, number])[] {
  const words = vocabularyOf(attrs);
  const places = Array.from({ length: words.shape[0] as number }, (_, i) => i);
  return entriesOf(words, literalOf(tensor("i32", words.shape, places))) as (readonly [Label, number])[];
}

export const dictVectorizer = defineOp({
  name: "dict_vectorizer",
  summary: "Values of a map as a row, by a vocabulary.",
  onnx: { type: "DictVectorizer", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { int64_vocabulary: listAttr("ints"), string_vocabulary: listAttr("strings") },
  error: "exact",

  infer({ x }, attrs, ctx) {
    const { key, value } = entryTypes(x, ctx);
    if ((attrs.int64_vocabulary === undefined) === (attrs.string_vocabulary === undefined))
      ctx.fail("E0202", { name: "string_vocabulary", value: "two vocabularies or none", expected: "one vocabulary" });
    const words = vocabularyOf(attrs);
    if (words.dtype !== key)
      ctx.fail("E0203", { what: "keys of X", found: key, expected: `${words.dtype}, as the vocabulary` });
    return [tensorType(value, [1, words.shape[0] as number])];
  },

  evaluateValues({ x }, attrs, ctx) {
    const value = tensorOf(ctx.outputs[0] as Value).dtype;
    const places = new Map(placesOf(attrs).map(([word, place]) => [String(word), place]));
    const zero = value === "string" ? "" : value === "i64" ? 0n : 0;
    const row = new Array<number | bigint | string>(vocabularyOf(attrs).shape[0] as number).fill(zero);
    for (const [key, v] of mapEntries(x as RuntimeMap)) {
      const place = places.get(String(key));
      if (place !== undefined) row[place] = v;
    }
    return [tensor(value, [1, row.length], row)];
  },

  lower({ x }, attrs, l) {
    const entries = sortedEntries(placesOf(attrs)) as (readonly [Label, number])[];
    const words = keysArg(
      entries.map(([word]) => word),
      vocabularyOf(attrs).dtype,
    );
    const places = dataTable("places of words", "u32", entries.length, () =>
      Uint32Array.from(entries, ([, place]) => place),
    );
    l.call("ops::dict_vectorizer", [read(x), words, places, write(l.output(0))], { fallible: true });
  },
});

/** Types of keys and values of a map. */
function entryTypes(x: Value, ctx: InferContext): { key: DType; value: DType } {
  const { type } = x;
  const value = type.kind === "map" && type.value.kind === "tensor" ? type.value.dtype : undefined;
  if (type.kind !== "map" || value === undefined || !["f32", "f64", "i64", "string"].includes(value))
    return ctx.fail("E0201", { what: "X", expected: "a map to f32, f64, i64 or string", found: typeText(type) });
  return { key: type.key, value };
}
