/**
 * For each element a row of zeros with a 1 at its category. Numbers are truncated to integers and looked up in `cats_int64s`,
 * texts in `cats_strings`. An element of no category has a row of zeros or, if `zeros` is 0, is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_OneHotEncoder.html
 */
import { attr } from "../ir/attr.ts";
import { shapeOf, tensorOf } from "../ir/graph.ts";
import { type Literal, literalOf } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, read, rust, table, write } from "../ir/plan.ts";
import { strings, type Tensor, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { featureTypes } from "./feature_rows.ts";
import { entriesOf, keysArg, type Label, sortedEntries } from "./labels.ts";
import { listAttr } from "./list_attrs.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";

/** Categories and their places, of repeated ones the last. */
function placesOf(categories: Literal): (readonly [Label, number])[] {
  const places = literalOf(
    tensor(
      "i32",
      categories.shape,
      Array.from({ length: categories.shape[0] as number }, (_, i) => i),
    ),
  );
  return entriesOf(categories, places) as (readonly [Label, number])[];
}

const categoriesOf = (
  attrs: { cats_int64s: Literal | undefined; cats_strings: Literal | undefined },
  isText: boolean,
): Literal => (isText ? attrs.cats_strings : attrs.cats_int64s) as Literal;

/** Elements as keys of the categories. */
const keysOf = (x: Tensor): readonly string[] =>
  x.dtype === "string"
    ? strings(x)
    : Array.from(x.data as ArrayLike<number | bigint>, (v) => String(typeof v === "bigint" ? v : Math.trunc(v) + 0));

export const oneHotEncoder = defineOp({
  name: "one_hot_encoder",
  summary: "Categories as rows of zeros with a 1.",
  onnx: { type: "OneHotEncoder", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { cats_int64s: listAttr("ints"), cats_strings: listAttr("strings"), zeros: attr.bool(true) },
  error: "exact",

  infer({ x }, attrs, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (dtype !== "string" && !featureTypes.includes(dtype))
      ctx.fail("E0203", { what: "X", found: dtype, expected: [...featureTypes, "string"].join(", ") });
    const name = dtype === "string" ? "cats_strings" : "cats_int64s";
    const count = attrs[name]?.shape[0] ?? 0;
    if (count === 0) ctx.fail("E0202", { name, value: "nothing", expected: "categories" });
    return [tensorType("f32", [...shapeIn(x, "X", ctx), count])];
  },

  evaluate({ x }, attrs) {
    const categories = categoriesOf(attrs, x.dtype === "string");
    const places = new Map(placesOf(categories).map(([key, place]) => [String(key), place]));
    const count = categories.shape[0] as number;
    const data = new Float32Array(x.data.length * count);
    keysOf(x).forEach((key, i) => {
      const place = places.get(key);
      if (place === undefined && !attrs.zeros) throw new RangeError(`${key} is no category`);
      if (place !== undefined) data[i * count + place] = 1;
    });
    return [{ dtype: "f32", shape: [...x.shape, count], data }];
  },

  lower({ x }, attrs, l) {
    const { dtype } = tensorOf(x);
    const isText = dtype === "string";
    const entries = sortedEntries(placesOf(categoriesOf(attrs, isText))) as (readonly [Label, number])[];
    let keys = x;
    if (!isText && dtype !== "i64") {
      keys = l.temporary("i64", shapeOf(x));
      l.call("ops::unary", [rust(`|x: ${dtype}| x as i64`), read(x), write(keys)]);
    }
    const make = (): Uint32Array => Uint32Array.from(entries, ([, place]) => place);
    const places = table({ key: "places of categories", dtype: "u32", length: entries.length, make });
    const known = keysArg(
      entries.map(([k]) => k),
      isText ? "string" : "i64",
    );
    l.call("ops::one_hot_encoder", [read(keys), known, places, bool(attrs.zeros), write(l.output(0))], {
      fallible: true,
    });
  },
});
