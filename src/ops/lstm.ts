/**
 * Long short-term memory. With the gates i, o, f, c in the order of the weights' rows, peepholes P and activations f, g, h:
 *
 *     i = f(W·x + R·h + b + Pi∘C)   F = f(W·x + R·h + b + Pf∘C), or 1 − i with input_forget   c = g(W·x + R·h + b)
 *     C' = F∘C + i∘c   o = f(W·x + R·h + b + Po∘C')   h' = o∘h(C')
 *
 * `clip` holds what f and g are given; the state, which h is given, it leaves alone, as in ONNX Runtime. Empty sequences keep their initial states.
 * Source: https://onnx.ai/onnx/operators/onnx__LSTM.html
 */
import { attr } from "../ir/attr.ts";
import { add, mul, product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, option, read, readOption, scratch, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { adaptRecurrent, inferRecurrent, recurrentArgs, recurrentAttrs } from "./recurrent.ts";
import { activationsOf, addMatrixVector, type CellKind, evaluateRecurrent } from "./recurrent_cell.ts";

const kind: CellKind = { gates: 4, activations: ["Sigmoid", "Tanh", "Tanh"], states: 2 };

export const lstm = defineOp({
  name: "lstm",
  summary: "Long short-term memory over sequences.",
  onnx: { type: "LSTM", since: [1, 7, 14, 22], adapt: (node) => adaptRecurrent(node) },
  inputs: {
    x: "required",
    w: "required",
    r: "required",
    b: "optional",
    sequence_lens: "optional",
    initial_h: "optional",
    initial_c: "optional",
    p: "optional",
  },
  outputs: { y: "optional", y_h: "optional", y_c: "optional" },
  attrs: { ...recurrentAttrs, input_forget: attr.bool(false) },
  error:
    "a step's sums are rounded in f32: at most (inputs + hidden + 3)·ε·(Σ|w·x| + Σ|r·h| + |b|) before the activations",

  infer: (inputs, attrs, ctx) => inferRecurrent(inputs, attrs, kind, ctx),

  evaluate(inputs, attrs, ctx) {
    const hidden = inputs.r.shape[2] as number;
    const r = Float64Array.from(numbers(inputs.r));
    const b = inputs.b ? numbers(inputs.b) : undefined;
    const p = inputs.p ? numbers(inputs.p) : undefined;
    const acts = activationsOf(attrs, kind);
    const limit = attrs.clip ?? Number.POSITIVE_INFINITY;
    return evaluateRecurrent(inputs, attrs, kind, ctx, (d, gates, [h, c] = []) => {
      if (!h || !c) return;
      const [f, g] = acts.slice(3 * d).map((a) => (x: number) => a.apply(Math.min(limit, Math.max(-limit, x))));
      const last = acts[3 * d + 2]?.apply;
      if (!f || !g || !last) return;
      addMatrixVector(gates, r, d * 4 * hidden * hidden, h);
      const bias = (n: number): number =>
        b ? (b[d * 8 * hidden + n] as number) + (b[(d * 8 + 4) * hidden + n] as number) : 0;
      const gate = (n: number, j: number): number => (gates[n * hidden + j] as number) + bias(n * hidden + j);
      const peep = (n: number, j: number, of: number): number => (p ? (p[(d * 3 + n) * hidden + j] as number) * of : 0);
      for (let j = 0; j < hidden; j++) {
        const before = c[j] as number;
        const i = f(gate(0, j) + peep(0, j, before));
        const forget = attrs.input_forget ? 1 - i : f(gate(2, j) + peep(2, j, before));
        const after = forget * before + i * g(gate(3, j));
        c[j] = after;
        h[j] = f(gate(1, j) + peep(1, j, after)) * last(after);
      }
    });
  },

  lower(inputs, attrs, l) {
    const { sequence, activations, w, r, scratch: s } = recurrentArgs(inputs, attrs, kind, l);
    const [y, y_h, y_c] = l.outputs;
    const outputs = [y, y_h, y_c].map((v) => option(v && write(v)));
    const { b, sequence_lens, initial_h, initial_c, p } = inputs;
    const optionals = [b, sequence_lens, initial_h, initial_c, p].map(readOption);
    l.call(
      "ops::lstm",
      [
        sequence,
        activations,
        bool(attrs.input_forget),
        read(inputs.x),
        w,
        r,
        ...optionals,
        ...outputs,
        scratch(s.dtype, s.length),
      ],
      { fallible: true },
    );
  },

  macs: ({ x, w, r }) => {
    const [a = 1, b = 1] = shapeOf(x);
    return mul(mul(a, b), add(product(shapeOf(w)), product(shapeOf(r))));
  },
});
