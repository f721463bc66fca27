/**
 * Replaces texts by the numbers of their categories, or numbers by the texts; what is no category becomes the default.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_CategoryMapper.html
 */
import { attr } from "../ir/attr.ts";
import { tensorOf } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { encode, entriesOf, keysArg, type Label, labelsArg, sortedEntries } from "./labels.ts";
import { exactInt, listAttr } from "./list_attrs.ts";
import { tensorIn } from "./shape_rules.ts";

interface Attrs {
  readonly cats_int64s: Literal | undefined;
  readonly cats_strings: Literal | undefined;
  readonly default_int64: number;
  readonly default_string: string;
}

/** Keys, values and default for texts or for numbers. */
function mapOf(attrs: Attrs, fromText: boolean): { entries: readonly (readonly [Label, Label])[]; otherwise: Label } {
  const [texts, numbers] = [attrs.cats_strings as Literal, attrs.cats_int64s as Literal];
  return fromText
    ? { entries: entriesOf(texts, numbers), otherwise: BigInt(attrs.default_int64) }
    : { entries: entriesOf(numbers, texts), otherwise: attrs.default_string };
}

export const categoryMapper = defineOp({
  name: "category_mapper",
  summary: "Replaces categories by their numbers, or numbers by their categories.",
  onnx: { type: "CategoryMapper", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    cats_int64s: listAttr("ints"),
    cats_strings: listAttr("strings"),
    default_int64: exactInt(-1),
    default_string: attr.string("_Unused"),
  },

  infer({ x }, { cats_int64s, cats_strings }, ctx) {
    const { dtype, shape } = tensorIn(x, "X", ctx);
    if (dtype !== "i64" && dtype !== "string")
      ctx.fail("E0203", { what: "X", found: dtype, expected: "i64 or string" });
    const [numbers, texts] = [cats_int64s?.shape[0], cats_strings?.shape[0]];
    if (numbers === undefined || numbers !== texts)
      ctx.fail("E0202", {
        name: "cats_strings",
        value: `${texts ?? 0} texts`,
        expected: `${numbers ?? "some"}, one for each number`,
      });
    return [tensorType(dtype === "string" ? "i64" : "string", shape)];
  },

  evaluate({ x }, attrs) {
    const { entries, otherwise } = mapOf(attrs, x.dtype === "string");
    return [encode(x, entries, x.dtype === "string" ? "i64" : "string", otherwise)];
  },

  lower({ x }, attrs, l) {
    const { dtype } = tensorOf(x);
    const { entries, otherwise } = mapOf(attrs, dtype === "string");
    const sorted = sortedEntries(entries);
    const labels = labelsArg(
      sorted.map(([, v]) => v),
      dtype === "string" ? "i64" : "string",
      otherwise,
    );
    l.call("ops::label_encoder", [
      read(x),
      keysArg(
        sorted.map(([k]) => k),
        dtype,
      ),
      labels,
      write(l.output(0)),
    ]);
  },
});
