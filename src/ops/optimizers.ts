/**
 * Steps of gradient descent. After the rate `R` and the number `T` of the step come all parameters X, all gradients G, then
 * what the optimizer remembers of each; the results are the new parameters and the new memories in the same order. G has the
 * gradient of the regularisation, `norm_coefficient·X`, added first.
 *
 * - Adagrad: `H' = H + G²`, `X' = X − R/(1 + T·decay)·G/(√H' + epsilon)`
 * - Adam: `V' = α·V + (1 − α)·G`, `H' = β·H + (1 − β)·G²`, `X' = (1 − post)·(X − R'·V'/(√H' + epsilon))`, where
 *   `R' = R·√(1 − βᵀ)/(1 − αᵀ)` after the first step
 * - Momentum: `V' = α·V + β·G` (β is 1 at step 0), `X' = X − R·V'`, or with mode nesterov `X − R·(G + α·V')`
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxpreviewtraining_Adam.html and its neighbours
 */
import { type AttrSpec, attr, required } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { isStatic } from "../ir/dim.ts";
import type { Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { type Arg, bool, float, option, read, reference, struct, write } from "../ir/plan.ts";
import { numbers, type Tensor } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { rounded } from "./recurrent_cell.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";

/** What tells the optimizers apart, with attributes of type `A`. */
interface Rule<A> {
  readonly name: string;
  readonly type: string;
  readonly summary: string;
  /** Tensors that are remembered of a parameter. */
  readonly memories: number;
  readonly attrs: { readonly [N in keyof A]: AttrSpec<A[N]> };
  /** `[x', memories'…]` of one element; `values` are x, g and the memories. */
  readonly step: (a: A, rate: number, t: number, values: readonly number[]) => readonly number[];
  readonly options: (a: A) => Arg;
}

const f64 = (x: number): Arg => float(x, "f64");

function optimizer<A>(rule: Rule<A>) {
  const groups = rule.memories + 2;
  return defineOp({
    name: rule.name,
    summary: rule.summary,
    onnx: { type: rule.type, domain: "ai.onnx.preview.training", since: [1] },
    inputs: { r: "required", t: "required", inputs: "variadic" },
    outputs: { outputs: "variadic" },
    attrs: rule.attrs as { readonly [name: string]: AttrSpec<unknown> },
    error: "computed in f64, rounded once",

    infer({ r, t, inputs }, _attrs, ctx) {
      scalarOf(r, "R", ["f32", "f64"], ctx);
      scalarOf(t, "T", ["i64"], ctx);
      if (inputs.length === 0 || inputs.length % groups !== 0)
        ctx.fail("E0201", {
          what: "tensors behind R and T",
          expected: `a multiple of ${groups}`,
          found: inputs.length,
        });
      const count = inputs.length / groups;
      const types = inputs.slice(0, count).map((x) => parameterType(x as Value, ctx));
      inputs.forEach((v, i) => {
        same(v as Value, types[i % count] as TensorType, i, ctx);
      });
      return Array.from({ length: count * (groups - 1) }, (_, i) => types[i % count] as TensorType);
    },

    evaluate({ r, t, inputs }, attrs) {
      const count = inputs.length / groups;
      const [rate = 0, step = 0] = [numbers(r)[0], numbers(t)[0]];
      const results: number[][] = Array.from({ length: count * (groups - 1) }, () => []);
      for (let p = 0; p < count; p++) {
        const parts = Array.from({ length: groups }, (_, k) => numbers(inputs[p + k * count] as Tensor));
        parts[0]?.forEach((_, i) => {
          const next = rule.step(
            attrs as A,
            rate,
            step,
            parts.map((part) => part[i] as number),
          );
          next.forEach((x, k) => results[p + k * count]?.push(x));
        });
      }
      return results.map((values, i) => {
        const like = inputs[i % count] as Tensor;
        return rounded(like.dtype, like.shape, values);
      });
    },

    lower({ r, t, inputs }, attrs, l) {
      const count = inputs.length / groups;
      const options = reference(rule.options(attrs as A));
      for (let p = 0; p < count; p++) {
        const old = Array.from({ length: groups }, (_, k) => read(inputs[p + k * count] as Value));
        const next = Array.from({ length: groups - 1 }, (_, k) => l.outputs[p + k * count]);
        l.call(`ops::${rule.name}`, [options, read(r), read(t), ...old, ...next.map((v) => option(v && write(v)))]);
      }
    },
  });
}

function scalarOf(v: Value, what: string, allowed: readonly string[], ctx: InferContext): void {
  const { dtype, shape } = tensorIn(v, what, ctx);
  if (!allowed.includes(dtype)) ctx.fail("E0203", { what, found: dtype, expected: allowed.join(", ") });
  if ((shape?.length ?? 0) > 1) ctx.fail("E0201", { what: `rank of ${what}`, expected: 0, found: shape?.length ?? 0 });
}

function parameterType(x: Value, ctx: InferContext): TensorType {
  const { dtype } = tensorIn(x, "a parameter", ctx);
  if (dtype !== "f32" && dtype !== "f64")
    ctx.fail("E0203", { what: "a parameter", found: dtype, expected: "f32, f64" });
  return tensorType(dtype, shapeIn(x, "a parameter", ctx));
}

function same(v: Value, type: TensorType, i: number, ctx: InferContext): void {
  const { dtype, shape } = tensorIn(v, `tensor ${i}`, ctx);
  if (dtype !== type.dtype) ctx.fail("E0203", { what: `tensor ${i}`, found: dtype, expected: type.dtype });
  const expected = type.shape as readonly Dim[];
  const fits =
    shape?.length === expected.length &&
    shape.every((d, k) => !isStatic(d) || !isStatic(expected[k] as Dim) || d === expected[k]);
  if (!fits)
    ctx.fail("E0201", {
      what: `shape of tensor ${i}`,
      expected: `[${expected.map(String)}], its parameter's`,
      found: `[${shape?.map(String)}]`,
    });
}

export const adagrad = optimizer({
  name: "adagrad",
  type: "Adagrad",
  summary: "A step of Adagrad.",
  memories: 1,
  attrs: { decay_factor: attr.float(0), epsilon: attr.float(Math.fround(1e-6)), norm_coefficient: attr.float(0) },
  step(a, rate, t, [x = 0, given = 0, h = 0]) {
    const g = a.norm_coefficient * x + given;
    const sum = h + g * g;
    return [x - (rate / (1 + t * a.decay_factor)) * (g / (Math.sqrt(sum) + a.epsilon)), sum];
  },
  options: (a) =>
    struct("ops::Adagrad", [
      ["decay", f64(a.decay_factor)],
      ["epsilon", f64(a.epsilon)],
      ["norm", f64(a.norm_coefficient)],
    ]),
});

export const adam = optimizer({
  name: "adam",
  type: "Adam",
  summary: "A step of Adam.",
  memories: 2,
  attrs: {
    alpha: attr.float(Math.fround(0.9)),
    beta: attr.float(Math.fround(0.999)),
    epsilon: attr.float(Math.fround(1e-6)),
    norm_coefficient: attr.float(0),
    norm_coefficient_post: attr.float(0),
  },
  step(a, rate, t, [x = 0, given = 0, v = 0, h = 0]) {
    const g = a.norm_coefficient * x + given;
    const mean = a.alpha * v + (1 - a.alpha) * g;
    const square = a.beta * h + (1 - a.beta) * g * g;
    const corrected = t > 0 ? (rate * Math.sqrt(1 - a.beta ** t)) / (1 - a.alpha ** t) : rate;
    return [(1 - a.norm_coefficient_post) * (x - corrected * (mean / (Math.sqrt(square) + a.epsilon))), mean, square];
  },
  options: (a) =>
    struct("ops::Adam", [
      ["alpha", f64(a.alpha)],
      ["beta", f64(a.beta)],
      ["epsilon", f64(a.epsilon)],
      ["norm", f64(a.norm_coefficient)],
      ["norm_post", f64(a.norm_coefficient_post)],
    ]),
});

export const momentum = optimizer({
  name: "momentum",
  type: "Momentum",
  summary: "A step of gradient descent with momentum.",
  memories: 1,
  attrs: {
    alpha: attr.float(required),
    beta: attr.float(required),
    mode: attr.oneOf(["standard", "nesterov"], required),
    norm_coefficient: attr.float(required),
  },
  step(a, rate, t, [x = 0, given = 0, v = 0]) {
    const g = a.norm_coefficient * x + given;
    const next = a.alpha * v + (t > 0 ? a.beta : 1) * g;
    return [x - rate * (a.mode === "nesterov" ? g + a.alpha * next : next), next];
  },
  options: (a) =>
    struct("ops::Momentum", [
      ["alpha", f64(a.alpha)],
      ["beta", f64(a.beta)],
      ["norm", f64(a.norm_coefficient)],
      ["nesterov", bool(a.mode === "nesterov")],
    ]),
});

export const optimizers = [adagrad, adam, momentum];
