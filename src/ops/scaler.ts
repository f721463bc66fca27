/**
 * `(X − offset)·scale`, one offset and scale for all features or one for each.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_Scaler.html
 */
import { isStatic } from "../ir/dim.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { mul, sub } from "./binary.ts";
import { cast } from "./cast.ts";
import { featureRows } from "./feature_rows.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { shapeIn } from "./shape_rules.ts";

export const scaler = defineOp({
  name: "scaler",
  summary: "Shifts and scales features.",
  onnx: { type: "Scaler", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { offset: listAttr("floats"), scale: listAttr("floats") },
  error: "f32 in two roundings, other types in f64 and rounded once",

  infer({ x }, attrs, ctx) {
    const { features } = featureRows(x, ctx);
    for (const name of ["offset", "scale"] as const) {
      const count = attrs[name]?.shape[0];
      if (count !== undefined && count !== 1 && isStatic(features) && count !== features)
        ctx.fail("E0202", { name, value: `${count} numbers`, expected: `1 or ${features}` });
    }
    return [tensorType("f32", shapeIn(x, "X", ctx))];
  },

  decompose({ x }, { offset, scale }, b) {
    const isSingle = tensorOf(x).dtype === "f32";
    const dtype = isSingle ? "f32" : "f64";
    const constant = (literal: Literal): Value => b.tensor(dtype, literal.shape, [...numbersOf(literal)]);
    let y = isSingle ? x : b.emit(cast, { input: x }, { to: "f64" });
    if (offset) y = b.emit(sub, { a: y, b: constant(offset) });
    if (scale) y = b.emit(mul, { a: y, b: constant(scale) });
    return [isSingle ? y : b.emit(cast, { input: y }, { to: "f32" })];
  },
});
