/**
 * Quantises to u8 by the array's own range, which is widened to hold 0: `scale = (max − min) / 255`,
 * `zero = round(−min / scale)`, `y = saturate(round(x / scale) + zero)`, each step in f32 as in ONNX's function body.
 *
 * An array of zeros (and an empty one) has scale 0 and gives zeros, where the formula divides 0 by 0.
 * Source: https://onnx.ai/onnx/operators/onnx__DynamicQuantizeLinear.html
 */
import { shapeOf } from "../ir/graph.ts";
import { roundHalfEven } from "../ir/map_expr.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, write } from "../ir/plan.ts";
import { numbers, scalar, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dtypeIn } from "./elementwise.ts";
import { quantizer } from "./quantize_linear.ts";
import { shapeIn } from "./shape_rules.ts";

export const dynamicQuantizeLinear = defineOp({
  name: "dynamic_quantize_linear",
  summary: "Numbers as u8, by their own range.",
  onnx: { type: "DynamicQuantizeLinear", since: [11] },
  inputs: { x: "required" },
  outputs: { y: "required", y_scale: "required", y_zero_point: "required" },
  attrs: {},
  error: "every step correctly rounded",

  infer({ x }, _, ctx) {
    dtypeIn(x, "x", ["f32"], ctx);
    return [tensorType("u8", shapeIn(x, "x", ctx)), tensorType("f32", []), tensorType("u8", [])];
  },

  evaluate({ x }) {
    const values = numbers(x);
    const low = values.reduce((a, b) => Math.min(a, b), 0);
    const high = values.reduce((a, b) => Math.max(a, b), 0);
    const scale = Math.fround(Math.fround(high - low) / 255);
    const start = Math.fround(0 - Math.fround(low / scale));
    const zero = Number.isNaN(start) ? 0 : roundHalfEven(Math.max(0, Math.min(255, start)));
    const quantize = quantizer("u8", true);
    const y = values.map((v) => quantize(Math.fround(v / scale), zero));
    return [tensor("u8", x.shape, y), scalar("f32", scale), scalar("u8", zero)];
  },

  lower({ x }, _, l) {
    // An output that nobody wants is written, too.
    const y = l.outputs[0] ?? l.temporary("u8", shapeOf(x));
    const scale = l.outputs[1] ?? l.temporary("f32", []);
    const zero = l.outputs[2] ?? l.temporary("u8", []);
    l.call("ops::dynamic_quantize", [read(x), write(y), write(scale), write(zero)]);
  },
});
