/**
 * Counts n-grams of a pool in each row of tokens: `Y[ngram_indexes[i]]` is how often the i-th n-gram occurs, its tokens being
 * 1 to `max_skip_count + 1` apart. IDF counts each once, TFIDF and IDF multiply by `weights`.
 *
 * The pool holds the 1-grams, then the 2-grams, …, beginning at `ngram_counts`; those of lengths outside of
 * `min_gram_length` to `max_gram_length` are not looked for. 1-grams do not depend on the skip and are counted once.
 *
 * `weights[i]` belongs to place i of the result, as ONNX Runtime and ONNX's reference have it; the specification's text says
 * to the i-th n-gram, which is the same where `ngram_indexes` counts up.
 * Source: https://onnx.ai/onnx/operators/onnx__TfIdfVectorizer.html
 */
import { attr, required } from "../ir/attr.ts";
import { product } from "../ir/dim.ts";
import { shapeOf, tensorOf } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { type Arg, bool, dim, list, option, read, reference, scratch, struct, table, write } from "../ir/plan.ts";
import { strings, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { bigsOf, listAttr, numbersOf, stringsOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";
import { sortedByBytes, stringsArg } from "./string_table.ts";

interface Attrs {
  readonly max_gram_length: number;
  readonly max_skip_count: number;
  readonly min_gram_length: number;
  readonly mode: "TF" | "IDF" | "TFIDF";
  readonly ngram_counts: readonly number[];
  readonly ngram_indexes: readonly number[];
  readonly pool_int64s: Literal | undefined;
  readonly pool_strings: Literal | undefined;
  readonly weights: Literal | undefined;
}

/** N-grams of one length: tokens one after the other, and their places in the result. */
interface Grams {
  readonly size: number;
  readonly tokens: readonly (bigint | string)[];
  readonly places: readonly number[];
}

function gramsOf(attrs: Attrs): Grams[] {
  const pool: readonly (bigint | string)[] = attrs.pool_strings
    ? stringsOf(attrs.pool_strings)
    : bigsOf(attrs.pool_int64s);
  let next = 0;
  return attrs.ngram_counts.flatMap((start, i) => {
    const size = i + 1;
    const tokens = pool.slice(start, attrs.ngram_counts[i + 1] ?? pool.length);
    const count = Math.floor(tokens.length / size);
    const places = attrs.ngram_indexes.slice(next, next + count);
    next += count;
    return count === 0 || size < attrs.min_gram_length || size > attrs.max_gram_length
      ? []
      : [{ size, tokens, places }];
  });
}

const outputSize = (attrs: Attrs): number => Math.max(-1, ...attrs.ngram_indexes) + 1;

export const tfIdfVectorizer = defineOp({
  name: "tf_idf_vectorizer",
  summary: "Counts n-grams of a pool in rows of tokens.",
  onnx: { type: "TfIdfVectorizer", since: [9] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    max_gram_length: attr.int(required),
    max_skip_count: attr.int(required),
    min_gram_length: attr.int(required),
    mode: attr.oneOf(["TF", "IDF", "TFIDF"], required),
    ngram_counts: attr.ints(required),
    ngram_indexes: attr.ints(required),
    pool_int64s: listAttr("ints"),
    pool_strings: listAttr("strings"),
    weights: listAttr("floats"),
  },
  error: "counts are exact up to 2²⁴, weighted ones rounded once",

  infer({ x }, attrs, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (dtype !== "i32" && dtype !== "i64" && dtype !== "string")
      ctx.fail("E0203", { what: "X", found: dtype, expected: "i32, i64 or string" });
    const extents = shapeIn(x, "X", ctx);
    if (extents.length > 2) ctx.fail("E0201", { what: "rank of X", expected: "1 or 2", found: extents.length });
    check(attrs, dtype === "string", ctx);
    return [tensorType("f32", [...extents.slice(0, -1), outputSize(attrs)])];
  },

  evaluate({ x }, attrs) {
    const width = x.shape.at(-1) ?? 1;
    const rows = x.shape.length === 2 ? (x.shape[0] as number) : 1;
    const size = outputSize(attrs);
    const y = new Float64Array(rows * size);
    const tokens = tokensOf(x);
    for (const { size: n, tokens: pool, places } of gramsOf(attrs)) {
      const found = new Map(
        places.map((place, i) => [JSON.stringify(pool.slice(i * n, (i + 1) * n).map(String)), place]),
      );
      for (let row = 0; row < rows; row++)
        for (let step = 1; step <= (n === 1 ? 1 : attrs.max_skip_count + 1); step++)
          for (let at = 0; at + (n - 1) * step < width; at++) {
            const gram = Array.from({ length: n }, (_, i) => tokens[row * width + at + i * step] as string);
            const place = found.get(JSON.stringify(gram));
            if (place !== undefined) y[row * size + place] = (y[row * size + place] as number) + 1;
          }
    }
    const weights = numbersOf(attrs.weights);
    const weigh = (count: number, i: number): number => {
      if (attrs.mode === "TF") return count;
      return (attrs.mode === "IDF" ? Math.min(count, 1) : count) * (weights[i % size] ?? 1);
    };
    return [rounded("f32", [...x.shape.slice(0, -1), size], y.map(weigh))];
  },

  lower({ x }, attrs, l) {
    const extents = shapeOf(x);
    const width = extents.at(-1) ?? 1;
    const grams = gramsOf(attrs);
    const isText = tensorOf(x).dtype === "string";
    const vocabulary = isText ? sortedByBytes(new Set(grams.flatMap((g) => g.tokens as readonly string[]))) : [];
    const numbered = new Map(vocabulary.map((text, i) => [text, BigInt(i)]));
    const weights = attrs.mode === "TF" ? undefined : attrs.weights;
    const counting = reference(
      struct("ops::NGrams", [
        ["width", dim(width)],
        ["max_skip", dim(attrs.max_skip_count)],
        ["grams", list(grams.map((g) => gramsArg(g, numbered)))],
        ["once", bool(attrs.mode === "IDF")],
        [
          "weights",
          option(
            weights &&
              table({
                key: "n-gram weights",
                dtype: "f32",
                length: weights.shape[0] as number,
                make: () => weights.load().data,
              }),
          ),
        ],
      ]),
    );
    const y = write(l.output(0));
    if (!isText) return l.call("ops::count_ngrams", [counting, read(x), y]);
    const ids = scratch("i64", product(extents));
    l.call("ops::count_text_ngrams", [counting, read(x), stringsArg(vocabulary, "vocabulary"), y, ids]);
  },
});

const tokensOf = (x: Tensor): readonly string[] => (x.dtype === "string" ? strings(x) : Array.from(x.data, String));

/** N-grams in ascending order of their tokens, which are numbers of `vocabulary` if they are text. */
function gramsArg({ size, tokens, places }: Grams, vocabulary: ReadonlyMap<string, bigint>): Arg {
  const rows = places.map((place, i) => {
    const row = tokens.slice(i * size, (i + 1) * size);
    return { place, row: row.map((t) => (typeof t === "bigint" ? t : (vocabulary.get(t) as bigint))) };
  });
  rows.sort((a, b) => compareTokens(a.row, b.row));
  const flat = rows.flatMap((r) => r.row);
  return struct("ops::Grams", [
    ["size", dim(size)],
    [
      "tokens",
      table({ key: `${size}-grams`, dtype: "i64", length: flat.length, make: () => BigInt64Array.from(flat) }),
    ],
    [
      "places",
      table({
        key: `places of ${size}-grams`,
        dtype: "u32",
        length: rows.length,
        make: () => Uint32Array.from(rows, (r) => r.place),
      }),
    ],
  ]);
}

function compareTokens(a: readonly bigint[], b: readonly bigint[]): number {
  const at = a.findIndex((t, i) => t !== b[i]);
  return at < 0 ? 0 : (a[at] as bigint) < (b[at] as bigint) ? -1 : 1;
}

function check(attrs: Attrs, isText: boolean, ctx: InferContext): void {
  const { min_gram_length: min, max_gram_length: max } = attrs;
  if (min < 1 || max < min)
    ctx.fail("E0202", { name: "max_gram_length", value: max, expected: `${Math.max(1, min)} or more` });
  if (attrs.max_skip_count < 0)
    ctx.fail("E0202", { name: "max_skip_count", value: attrs.max_skip_count, expected: "0 or more" });
  const pool = isText ? attrs.pool_strings : attrs.pool_int64s;
  const name = isText ? "pool_strings" : "pool_int64s";
  if (!pool || (attrs.pool_strings && attrs.pool_int64s))
    ctx.fail("E0202", { name, value: pool ? "one of two pools" : "missing", expected: "the only pool" });
  const bounds = [...attrs.ngram_counts, pool.shape[0] as number];
  if (bounds.some((n, i) => n < 0 || n < (bounds[i - 1] ?? 0)))
    ctx.fail("E0202", {
      name: "ngram_counts",
      value: attrs.ngram_counts.join(", "),
      expected: "ascending places of the pool",
    });
  const lengths = attrs.ngram_counts.map((start, i) => (bounds[i + 1] as number) - start);
  const count = lengths.reduce((sum, length, i) => sum + length / (i + 1), 0);
  if (attrs.ngram_indexes.length !== count || attrs.ngram_indexes.some((i) => i < 0))
    ctx.fail("E0202", {
      name: "ngram_indexes",
      value: attrs.ngram_indexes.length,
      expected: `${count} indices, one for each n-gram`,
    });
  const weights = attrs.weights?.shape[0];
  if (weights !== undefined && weights < outputSize(attrs))
    ctx.fail("E0202", { name: "weights", value: weights, expected: `${outputSize(attrs)} weights` });
  for (const { size, tokens, places } of gramsOf(attrs)) {
    const distinct = new Set(places.map((_, i) => JSON.stringify(tokens.slice(i * size, (i + 1) * size).map(String))));
    if (distinct.size !== places.length)
      ctx.fail("E0202", {
        name,
        value: `${places.length} ${size}-grams`,
        expected: `distinct ones, not ${distinct.size}`,
      });
  }
}
