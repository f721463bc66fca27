/**
 * Gated recurrent units. With the gates z, r, h in the order of the weights' rows and activations f, g:
 *
 *     z = f(W·x + R·h + b)   r = f(W·x + R·h + b)
 *     n = g(W·x + R·(r∘h) + Rb + Wb), or with linear_before_reset g(W·x + r∘(R·h + Rb) + Wb)
 *     h' = (1 − z)∘n + z∘h
 *
 * `clip` holds whatever an activation is given. Source: https://onnx.ai/onnx/operators/onnx__GRU.html
 */
import { attr } from "../ir/attr.ts";
import { add, mul, product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, option, read, readOption, scratch, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { adaptRecurrent, inferRecurrent, recurrentArgs, recurrentAttrs } from "./recurrent.ts";
import { activationsOf, addMatrixVector, type CellKind, evaluateRecurrent } from "./recurrent_cell.ts";

const kind: CellKind = { gates: 3, activations: ["Sigmoid", "Tanh"], states: 1 };

export const gru = defineOp({
  name: "gru",
  summary: "Gated recurrent units over sequences.",
  onnx: { type: "GRU", since: [1, 3, 7, 14, 22], adapt: (node) => adaptRecurrent(node) },
  inputs: {
    x: "required",
    w: "required",
    r: "required",
    b: "optional",
    sequence_lens: "optional",
    initial_h: "optional",
  },
  outputs: { y: "optional", y_h: "optional" },
  attrs: { ...recurrentAttrs, linear_before_reset: attr.bool(false) },
  error:
    "a step's sums are rounded in f32: at most (inputs + hidden + 3)·ε·(Σ|w·x| + Σ|r·h| + |b|) before the activations",

  infer: (inputs, attrs, ctx) => inferRecurrent(inputs, attrs, kind, ctx),

  evaluate(inputs, attrs, ctx) {
    const n = inputs.r.shape[2] as number;
    const r = Float64Array.from(numbers(inputs.r));
    const b = inputs.b ? numbers(inputs.b) : undefined;
    const acts = activationsOf(attrs, kind);
    const limit = attrs.clip ?? Number.POSITIVE_INFINITY;
    return evaluateRecurrent(inputs, attrs, kind, ctx, (d, gates, [h] = []) => {
      const [f, g] = acts.slice(2 * d).map((a) => (x: number) => a.apply(Math.min(limit, Math.max(-limit, x))));
      if (!h || !f || !g) return;
      const inputBias = (i: number): number => b?.[d * 6 * n + i] ?? 0;
      const stateBias = (i: number): number => b?.[(d * 6 + 3) * n + i] ?? 0;
      const zr = gates.subarray(0, 2 * n);
      addMatrixVector(zr, r, d * 3 * n * n, h);
      zr.forEach((v, i) => {
        zr[i] = f(v + inputBias(i) + stateBias(i));
      });
      const reset = zr.subarray(n);
      const state = new Float64Array(n);
      const of = attrs.linear_before_reset ? h : h.map((v, j) => v * (reset[j] as number));
      addMatrixVector(state, r, d * 3 * n * n, of, 2 * n);
      for (let j = 0; j < n; j++) {
        const i = 2 * n + j;
        const s = (state[j] as number) + stateBias(i);
        const next = g(
          (gates[i] as number) + inputBias(i) + (attrs.linear_before_reset ? (reset[j] as number) * s : s),
        );
        h[j] = (1 - (zr[j] as number)) * next + (zr[j] as number) * (h[j] as number);
      }
    });
  },

  lower(inputs, attrs, l) {
    const { sequence, activations, w, r, scratch: s } = recurrentArgs(inputs, attrs, kind, l);
    const outputs = [l.outputs[0], l.outputs[1]].map((v) => option(v && write(v)));
    const optionals = [inputs.b, inputs.sequence_lens, inputs.initial_h].map(readOption);
    const product = bool(attrs.linear_before_reset);
    l.call(
      "ops::gru",
      [sequence, activations, product, read(inputs.x), w, r, ...optionals, ...outputs, scratch(s.dtype, s.length)],
      { fallible: true },
    );
  },

  macs: ({ x, w, r }) => {
    const [a = 1, b = 1] = shapeOf(x);
    return mul(mul(a, b), add(product(shapeOf(w)), product(shapeOf(r))));
  },
});
