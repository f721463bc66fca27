/**
 * The plain recurrent cell: `h' = f(W·x + Wb + R·h + Rb)`. `clip` holds what the activation is given.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__RNN.html
 */
import { add, mul, product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { option, read, readOption, scratch, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { adaptRecurrent, inferRecurrent, recurrentArgs, recurrentAttrs } from "./recurrent.ts";
import { activationsOf, addMatrixVector, type CellKind, evaluateRecurrent } from "./recurrent_cell.ts";

const kind: CellKind = { gates: 1, activations: ["Tanh"], states: 1 };

export const rnn = defineOp({
  name: "rnn",
  summary: "A plain recurrent cell over sequences.",
  onnx: { type: "RNN", since: [1, 7, 14, 22], adapt: (node) => adaptRecurrent(node) },
  inputs: {
    x: "required",
    w: "required",
    r: "required",
    b: "optional",
    sequence_lens: "optional",
    initial_h: "optional",
  },
  outputs: { y: "optional", y_h: "optional" },
  attrs: recurrentAttrs,
  error:
    "a step's sums are rounded in f32: at most (inputs + hidden + 3)·ε·(Σ|w·x| + Σ|r·h| + |b|) before the activation",

  infer: (inputs, attrs, ctx) => inferRecurrent(inputs, attrs, kind, ctx),

  evaluate(inputs, attrs, ctx) {
    const n = inputs.r.shape[2] as number;
    const r = Float64Array.from(numbers(inputs.r));
    const b = inputs.b ? numbers(inputs.b) : undefined;
    const acts = activationsOf(attrs, kind);
    const limit = attrs.clip ?? Number.POSITIVE_INFINITY;
    return evaluateRecurrent(inputs, attrs, kind, ctx, (d, gates, [h] = []) => {
      addMatrixVector(gates, r, d * n * n, h as Float64Array);
      gates.forEach((v, j) => {
        const sum = v + (b ? (b[d * 2 * n + j] as number) + (b[(d * 2 + 1) * n + j] as number) : 0);
        gates[j] = acts[d]?.apply(Math.min(limit, Math.max(-limit, sum))) as number;
      });
      h?.set(gates);
    });
  },

  lower(inputs, attrs, l) {
    const { sequence, activations, w, r, scratch: s } = recurrentArgs(inputs, attrs, kind, l);
    const outputs = [l.outputs[0], l.outputs[1]].map((v) => option(v && write(v)));
    const optionals = [inputs.b, inputs.sequence_lens, inputs.initial_h].map(readOption);
    l.call(
      "ops::rnn",
      [sequence, activations, read(inputs.x), w, r, ...optionals, ...outputs, scratch(s.dtype, s.length)],
      {
        fallible: true,
      },
    );
  },

  macs: ({ x, w, r }) => {
    const [a = 1, b = 1] = shapeOf(x);
    return mul(mul(a, b), add(product(shapeOf(w)), product(shapeOf(r))));
  },
});
