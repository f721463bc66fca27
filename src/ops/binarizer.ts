/**
 * 1 where an element is greater than the threshold, else 0 (NaN gives 0).
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_Binarizer.html
 */
import { attr } from "../ir/attr.ts";
import { tensorOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { floatText, read, rust, write } from "../ir/plan.ts";
import { numbers, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { tensorIn } from "./shape_rules.ts";

export const binarizer = defineOp({
  name: "binarizer",
  summary: "1 above a threshold, else 0.",
  onnx: { type: "Binarizer", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { threshold: attr.float(0) },
  error: "exact",

  infer({ x }, _attrs, ctx) {
    const { dtype, shape } = tensorIn(x, "X", ctx);
    if (!["f32", "f64", "i32", "i64"].includes(dtype))
      ctx.fail("E0203", { what: "X", found: dtype, expected: "f32, f64, i32, i64" });
    return [tensorType(dtype, shape)];
  },

  evaluate: ({ x }, { threshold }) => [
    tensor(
      x.dtype,
      x.shape,
      numbers(x).map((v) => (v > threshold ? 1 : 0)),
    ),
  ],

  lower({ x }, { threshold }, l) {
    const { dtype } = tensorOf(x);
    // Thresholds are f32, which f64 holds, and so it does all but the largest i64.
    const limit = floatText(threshold, dtype === "f32" ? "f32" : "f64");
    const value = { f32: "x", f64: "x", i32: "f64::from(x)" }[dtype as string] ?? "x as f64";
    l.call("ops::unary", [rust(`|x: ${dtype}| ${dtype}::from(${value} > ${limit})`), read(x), write(l.output(0))]);
  },
});
