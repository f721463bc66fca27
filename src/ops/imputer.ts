/**
 * Replaces elements that equal a value, or are NaN, by another: one for all features or one for each.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_Imputer.html
 */
import { attr } from "../ir/attr.ts";
import { isStatic } from "../ir/dim.ts";
import { isFloat } from "../ir/dtype.ts";
import { tensorOf } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { equal } from "./comparison.ts";
import { featureRows } from "./feature_rows.ts";
import { exactInt, listAttr } from "./list_attrs.ts";
import { isNan } from "./logical.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";
import { where } from "./where.ts";

interface Attrs {
  readonly imputed_value_floats: Literal | undefined;
  readonly imputed_value_int64s: Literal | undefined;
  readonly replaced_value_float: number;
  readonly replaced_value_int64: number;
}

export const imputer = defineOp({
  name: "imputer",
  summary: "Replaces missing features.",
  onnx: { type: "Imputer", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    imputed_value_floats: listAttr("floats"),
    imputed_value_int64s: listAttr("ints"),
    replaced_value_float: attr.float(0),
    replaced_value_int64: exactInt(0),
  },
  error: "exact",

  infer({ x }, attrs: Attrs, ctx) {
    const { features } = featureRows(x, ctx);
    const { dtype } = tensorIn(x, "X", ctx);
    const name = isFloat(dtype) ? "imputed_value_floats" : "imputed_value_int64s";
    const count = attrs[name]?.shape[0] ?? 0;
    if (count === 0 || (count !== 1 && isStatic(features) && count !== features))
      ctx.fail("E0202", {
        name,
        value: `${count} values`,
        expected: `1 or ${isStatic(features) ? features : "one for each feature"}`,
      });
    return [tensorType(dtype, shapeIn(x, "X", ctx))];
  },

  decompose({ x }, attrs: Attrs, b) {
    const { dtype } = tensorOf(x);
    const imputed = (isFloat(dtype) ? attrs.imputed_value_floats : attrs.imputed_value_int64s) as Literal;
    const values = b.tensor(dtype, imputed.shape, Array.from(imputed.load().data as ArrayLike<number | bigint>));
    const replaced = isFloat(dtype) ? attrs.replaced_value_float : attrs.replaced_value_int64;
    const missing = Number.isNaN(replaced)
      ? b.emit(isNan, { x })
      : b.emit(equal, { a: x, b: b.scalar(dtype, dtype === "i64" ? BigInt(replaced) : replaced) });
    return [b.emit(where, { condition: missing, x: values, y: x })];
  },
});
