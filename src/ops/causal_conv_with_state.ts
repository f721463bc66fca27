/**
 * Causal depthwise convolution along the last axis, its past carried from call to call:
 * `y[b, c, t] = act(bias[c] + Σᵢ weight[c, 0, i]·z[b, c, t + i])`, where `z` is `past_state` (0 without one) followed by the
 * input; `present_state` is the last k − 1 values of `z`. `act` is `x·sigmoid(x)` for silu and swish.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__CausalConvWithState.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic, mul, product, sub } from "../ir/dim.ts";
import { shapeOf, tensorOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dims, read, readOption, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { rounded } from "./recurrent_cell.ts";
import { ranked, sameDType } from "./shape_rules.ts";

const allowed = ["f32", "f16", "bf16"];

export const causalConvWithState = defineOp({
  name: "causal_conv_with_state",
  summary: "Causal depthwise convolution that carries its past from call to call.",
  onnx: { type: "CausalConvWithState", since: [27] },
  inputs: { input: "required", weight: "required", bias: "optional", past_state: "optional" },
  outputs: { output: "required", present_state: "required" },
  attrs: { activation: attr.oneOf(["none", "silu", "swish"], "none") },
  error: "≤ (k + 1)·ε·(Σ|w·x| + |bias|), and 3 ulp for the activation",

  infer({ input, weight, bias, past_state }, _attrs, ctx) {
    const dtype = sameDType([input, weight, bias, past_state], ctx);
    if (!allowed.includes(dtype)) ctx.fail("E0203", { what: "input", found: dtype, expected: allowed.join(", ") });
    const [batch, channels, length] = ranked(input, 3, "input", ctx) as [Dim, Dim, Dim];
    const [rows, one, k] = ranked(weight, 3, "weight", ctx) as [Dim, Dim, Dim];
    const check = (what: string, d: Dim, e: Dim): void => {
      if (isStatic(d) && isStatic(e) && d !== e) ctx.fail("E0201", { what, expected: e, found: d });
    };
    check("channels of weight", rows, channels);
    check("axis 1 of weight", one, 1);
    if (k === 0) ctx.fail("E0201", { what: "size of the kernel", expected: "1 or more", found: 0 });
    if (bias) check("bias", ranked(bias, 1, "bias", ctx)[0] as Dim, channels);
    const state = [batch, channels, sub(k, 1)];
    if (past_state)
      ranked(past_state, 3, "past_state", ctx).forEach((d, axis) => {
        check(`axis ${axis} of past_state`, d, state[axis] as Dim);
      });
    return [tensorType(dtype, [batch, channels, length]), tensorType(dtype, state)];
  },

  evaluate({ input, weight, bias, past_state }, { activation }) {
    const [batch, channels, length] = input.shape as [number, number, number];
    const k = weight.shape[2] as number;
    const [x, w, b] = [numbers(input), numbers(weight), bias && numbers(bias)];
    const past = past_state && numbers(past_state);
    const y = new Float64Array(x.length);
    const present = new Float64Array(batch * channels * (k - 1));
    for (let n = 0; n < batch * channels; n++) {
      const c = n % channels;
      const z = [
        ...(past?.slice(n * (k - 1), (n + 1) * (k - 1)) ?? new Array<number>(k - 1).fill(0)),
        ...x.slice(n * length, (n + 1) * length),
      ];
      for (let t = 0; t < length; t++) {
        let sum = b?.[c] ?? 0;
        for (let i = 0; i < k; i++) sum += (w[c * k + i] as number) * (z[t + i] as number);
        y[n * length + t] = activation === "none" ? sum : sum / (1 + Math.exp(-sum));
      }
      present.set(z.slice(length), n * (k - 1));
    }
    return [rounded(input.dtype, input.shape, y), rounded(input.dtype, [batch, channels, k - 1], present)];
  },

  lower({ input, weight, bias, past_state }, { activation }, l) {
    const [batch, channels, length] = shapeOf(input) as [Dim, Dim, Dim];
    const k = shapeOf(weight)[2] as Dim;
    const { dtype } = tensorOf(input);
    const output = l.outputs[0] ?? l.temporary(dtype, shapeOf(input));
    const present = l.outputs[1] ?? l.temporary(dtype, [batch, channels, sub(k, 1)]);
    const operands = [
      read(input),
      read(weight),
      readOption(bias),
      readOption(past_state),
      write(output),
      write(present),
    ];
    l.call("ops::causal_conv", [dims([batch, channels, length, k]), bool(activation !== "none"), ...operands]);
  },

  macs: ({ input, weight }) => mul(product(shapeOf(input)), shapeOf(weight)[2] as Dim),
});
