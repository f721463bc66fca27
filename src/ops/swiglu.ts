/**
 * `y = swish(a) · b`: the gated activation of many language models. Both inputs have one shape.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SwiGLU.html
 */
import { attr } from "../ir/attr.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { swish } from "./activations.ts";
import { inferBroadcast, mul } from "./binary.ts";
import { ieeeFloats } from "./elementwise.ts";

export const swiglu = defineOp({
  name: "swiglu",
  summary: "Swish of one array times another.",
  onnx: { type: "SwiGLU", since: [28] },
  inputs: { a: "required", b: "required" },
  outputs: { y: "required" },
  attrs: { alpha: attr.float(1) },
  error: "≤ 5 ulp",

  infer({ a, b }, _, ctx) {
    const { dtype, shape } = inferBroadcast([a, b], ieeeFloats, ctx);
    return [tensorType(dtype, shape)];
  },

  decompose({ a, b }, { alpha }, builder) {
    return [builder.emit(mul, { a: builder.emit(swish, { x: a }, { alpha }), b })];
  },
});
