/**
 * Columns of all inputs side by side, as f32. A vector is one row; each input is cut off, or filled up with 0, to the number of
 * columns that `inputdimensions` gives it.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_FeatureVectorizer.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic, sub, sum } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { cast } from "./cast.ts";
import { concat } from "./concat.ts";
import { featureRows } from "./feature_rows.ts";
import { pad } from "./pad.ts";
import { sameDType } from "./shape_rules.ts";
import { unsqueeze } from "./unsqueeze.ts";

export const featureVectorizer = defineOp({
  name: "feature_vectorizer",
  summary: "Columns of several inputs side by side.",
  onnx: { type: "FeatureVectorizer", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "variadic" },
  outputs: { y: "required" },
  attrs: { inputdimensions: attr.ints([]) },
  error: "as Cast",

  infer({ x }, { inputdimensions }, ctx) {
    sameDType(x, ctx);
    const parts = x.map((v) => featureRows(v as Value, ctx));
    if (inputdimensions.length !== 0 && inputdimensions.length !== x.length)
      ctx.fail("E0202", {
        name: "inputdimensions",
        value: inputdimensions.length,
        expected: `${x.length}, one for each input`,
      });
    const widths = parts.map((p, i): Dim => inputdimensions[i] ?? p.features);
    // Columns that only the run knows cannot be cut off or filled up while compiling.
    parts.forEach((p, i) => {
      if (!isStatic(p.features) && inputdimensions[i] !== undefined)
        ctx.fail("E0205", { what: `the columns of input ${i}` });
    });
    return [tensorType("f32", [parts[0]?.rows ?? 0, sum(widths)])];
  },

  decompose({ x }, { inputdimensions }, b) {
    const parts = x.map((v, i) => {
      const value = v as Value;
      const rank = shapeOf(value).length;
      const matrix = rank === 1 ? b.emit(unsqueeze, { data: value, axes: b.int64s([0]) }) : value;
      const numbers = b.emit(cast, { input: matrix }, { to: "f32" });
      const missing = sub(inputdimensions[i] ?? (shapeOf(value).at(-1) as Dim), shapeOf(value).at(-1) as Dim);
      if (typeof missing !== "number" || missing === 0) return numbers;
      return b.emit(pad, { data: numbers, pads: b.int64s([0, 0, 0, missing]) });
    });
    return [b.emit(concat, { inputs: parts }, { axis: 1 })];
  },
});
