/**
 * `y = swish(a) · b`: the gated activation of many language models. Both inputs have one shape.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SwiGLU.html
 */
import { attr } from "../ir/attr.ts";
import { tensorOf } from "../ir/graph.ts";
import { applyFn, constant, input, type MapExpr } from "../ir/map_expr.ts";
import { defineOp } from "../ir/op_def.ts";
import { floatText } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { inferBroadcast } from "./binary.ts";
import { ieeeFloats, lowerBinary, lowerMap } from "./elementwise.ts";
import { mapNumbers } from "./numeric.ts";

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

  evaluate({ a, b }, { alpha }) {
    return [mapNumbers(a.dtype, [a, b], (x, gate) => (x / (1 + Math.exp(-alpha * x))) * gate)];
  },

  lower({ a, b }, { alpha }, l) {
    const y = l.output(0);
    if (tensorOf(a).dtype === "f32") return lowerMap(l, mul(swishOf(alpha), input(1)), [a, b], y);
    lowerBinary(l, [a, b], y, (wide) => {
      const power = alpha === 1 ? "-a" : `${floatText(-alpha, wide === "f64" ? "f64" : "f32")} * a`;
      return `a / (1.0 + (${power}).exp()) * b`;
    });
  },
});

const mul = (a: MapExpr, b: MapExpr): MapExpr => applyFn("mul", a, b);
const swishOf = (alpha: number): MapExpr =>
  mul(input(0), applyFn("sigmoid", alpha === 1 ? input(0) : mul(constant(alpha), input(0))));
