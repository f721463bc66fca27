/**
 * Random numbers. A node with `seed` gives the same numbers in every run: those of NumPy's `RandomState(seed)`, which
 * ONNX's reference uses, too. Without one they differ from call to call, but a program that runs again draws the same ones
 * in the same order. Never folded, never merged.
 *
 * Sources: https://onnx.ai/onnx/operators/ under the operator's name; `mersenne_twister.ts`.
 */
import { attr, optional, required } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { type DType, dtypes, kindOf } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { type Arg, float, int, option, read, scratch, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf, type Tensor, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dtypeIn, ieeeFloats, numeric } from "./elementwise.ts";
import { generator, type MersenneTwister, seedOf } from "./mersenne_twister.ts";
import { toElement } from "./numeric.ts";
import { ranked, shapeIn } from "./shape_rules.ts";

/** `Some(seed)`, or `None` for a new sequence in each call. */
export const seedArg = (seed: number | undefined): Arg =>
  option(seed === undefined || Number.isNaN(seed) ? undefined : int(seedOf(seed)));

const f64 = (x: number): Arg => float(x, "f64");

/** A tensor of draws, rounded to the type of `like`. */
function drawn(like: Value | undefined, extents: readonly number[], draw: () => number): Tensor {
  const { dtype } = tensorOf(like as Value);
  const data = allocate(dtype, sizeOf(extents)) as NumberArray;
  for (let i = 0; i < data.length; i++) data[i] = toElement(dtype, draw());
  return { dtype, shape: extents, data };
}

/** The type that the attribute `dtype` or else the input gives. */
function drawnType(
  dtype: DType | undefined,
  input: DType | undefined,
  allowed: readonly DType[],
  ctx: InferContext,
): DType {
  const type = dtype ?? input ?? "f32";
  if (allowed.includes(type)) return type;
  return ctx.fail("E0202", { name: "dtype", value: type, expected: allowed.join(", ") });
}

function extentsOf(extents: readonly number[], ctx: InferContext): readonly Dim[] {
  const negative = extents.find((d) => d < 0);
  if (negative !== undefined) ctx.fail("E0202", { name: "shape", value: negative, expected: "extents of 0 or more" });
  return extents;
}

const since = [1, 22];
/** Anything may lend its shape. */
const lenders: readonly DType[] = dtypes.filter((d) => numeric.includes(d) || d === "bool" || kindOf(d) === "string");

const uniform = { high: attr.float(1), low: attr.float(0), seed: attr.float(optional) };
const normal = { mean: attr.float(0), scale: attr.float(1), seed: attr.float(optional) };
type Uniform = { readonly low: number; readonly high: number };
type Normal = { readonly mean: number; readonly scale: number };

const uniformDraw =
  (g: MersenneTwister, { low, high }: Uniform) =>
  () =>
    low + (high - low) * g.uniform();
const normalDraw =
  (g: MersenneTwister, { mean, scale }: Normal) =>
  () =>
    mean + scale * g.normal();

export const randomUniform = defineOp({
  name: "random_uniform",
  summary: "Uniform random numbers in low … high.",
  onnx: { type: "RandomUniform", since },
  inputs: {},
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype("f32"), shape: attr.ints(required), ...uniform },
  pure: false,
  infer: (_, { dtype, shape }, ctx) => [
    tensorType(drawnType(dtype, undefined, ieeeFloats, ctx), extentsOf(shape, ctx)),
  ],
  evaluate: (_, a, { outputs }) => [drawn(outputs[0], a.shape, uniformDraw(generator(a.seed), a))],
  lower(_, { low, high, seed }, l) {
    l.call("ops::random_uniform", [f64(low), f64(high), seedArg(seed), write(l.output(0))]);
  },
});

export const randomUniformLike = defineOp({
  name: "random_uniform_like",
  summary: "Uniform random numbers in low … high, as many as another array has.",
  onnx: { type: "RandomUniformLike", since },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype(optional), ...uniform },
  pure: false,
  infer({ input }, { dtype }, ctx) {
    const own = dtypeIn(input, "input", lenders, ctx);
    return [tensorType(drawnType(dtype, own, ieeeFloats, ctx), shapeIn(input, "input", ctx))];
  },
  evaluate: ({ input }, a, { outputs }) => [drawn(outputs[0], input.shape, uniformDraw(generator(a.seed), a))],
  lower(_, { low, high, seed }, l) {
    l.call("ops::random_uniform", [f64(low), f64(high), seedArg(seed), write(l.output(0))]);
  },
});

export const randomNormal = defineOp({
  name: "random_normal",
  summary: "Normally distributed random numbers.",
  onnx: { type: "RandomNormal", since },
  inputs: {},
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype("f32"), shape: attr.ints(required), ...normal },
  pure: false,
  infer: (_, { dtype, shape }, ctx) => [
    tensorType(drawnType(dtype, undefined, ieeeFloats, ctx), extentsOf(shape, ctx)),
  ],
  evaluate: (_, a, { outputs }) => [drawn(outputs[0], a.shape, normalDraw(generator(a.seed), a))],
  lower(_, { mean, scale, seed }, l) {
    l.call("ops::random_normal", [f64(mean), f64(scale), seedArg(seed), write(l.output(0))]);
  },
});

export const randomNormalLike = defineOp({
  name: "random_normal_like",
  summary: "Normally distributed random numbers, as many as another array has.",
  onnx: { type: "RandomNormalLike", since },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype(optional), ...normal },
  pure: false,
  infer({ input }, { dtype }, ctx) {
    const own = dtypeIn(input, "input", lenders, ctx);
    return [tensorType(drawnType(dtype, own, ieeeFloats, ctx), shapeIn(input, "input", ctx))];
  },
  evaluate: ({ input }, a, { outputs }) => [drawn(outputs[0], input.shape, normalDraw(generator(a.seed), a))],
  lower(_, { mean, scale, seed }, l) {
    l.call("ops::random_normal", [f64(mean), f64(scale), seedArg(seed), write(l.output(0))]);
  },
});

/** 1 with probability `input[i]`, else 0: one uniform draw for each element, in order, compared with it. */
export const bernoulli = defineOp({
  name: "bernoulli",
  summary: "Random zeros and ones with given probabilities of one.",
  onnx: { type: "Bernoulli", since: [15, 22] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype(optional), seed: attr.float(optional) },
  pure: false,
  infer({ input }, { dtype }, ctx) {
    const own = dtypeIn(input, "input", ieeeFloats, ctx);
    return [tensorType(drawnType(dtype, own, [...numeric, "bool"], ctx), shapeIn(input, "input", ctx))];
  },
  evaluate({ input }, { seed }, { outputs }) {
    const g = generator(seed);
    const { dtype } = tensorOf(outputs[0] as Value);
    const ones = numbers(input).map((p) => (g.uniform() < p ? 1 : 0));
    return [tensor(dtype, input.shape, ones)];
  },
  lower({ input }, { seed }, l) {
    l.call("ops::bernoulli", [read(input), seedArg(seed), write(l.output(0))]);
  },
});

/** Each sample is the first class at which the cumulated probability exceeds a uniform draw; rows in order. */
export const multinomial = defineOp({
  name: "multinomial",
  summary: "Random classes by unnormalised log-probabilities.",
  onnx: { type: "Multinomial", since: [7, 22] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype("i32"), sample_size: attr.int(1), seed: attr.float(optional) },
  pure: false,
  infer({ input }, { dtype, sample_size }, ctx) {
    dtypeIn(input, "input", ieeeFloats, ctx);
    const [batch, classes] = ranked(input, 2, "input", ctx);
    if (classes === 0) ctx.fail("E0201", { what: "number of classes", expected: "at least 1", found: 0 });
    if (sample_size < 1) ctx.fail("E0202", { name: "sample_size", value: sample_size, expected: "1 or more" });
    return [tensorType(drawnType(dtype, undefined, ["i32", "i64"], ctx), [batch as Dim, sample_size])];
  },
  evaluate({ input }, { sample_size, seed }, { outputs }) {
    const g = generator(seed);
    const [batch, classes] = input.shape as [number, number];
    const { dtype } = tensorOf(outputs[0] as Value);
    const logits = numbers(input);
    const classOf: number[] = [];
    for (let row = 0; row < batch; row++) {
      const sums = cumulated(logits.slice(row * classes, (row + 1) * classes));
      for (let k = 0; k < sample_size; k++) {
        const draw = g.uniform() * (sums.at(-1) as number);
        const found = sums.findIndex((s) => s > draw);
        classOf.push(found < 0 ? classes - 1 : found);
      }
    }
    return [tensor(dtype, [batch, sample_size], classOf)];
  },
  lower({ input }, { seed }, l) {
    const [, classes] = shapeOf(input);
    l.call("ops::multinomial", [
      ...[read(input), shape(input), seedArg(seed)],
      ...[scratch("f64", classes as Dim), write(l.output(0))],
    ]);
  },
});

function cumulated(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  let sum = 0;
  return logits.map((v) => {
    sum += Math.exp(v - top);
    return sum;
  });
}

export const random = [randomUniform, randomUniformLike, randomNormal, randomNormalLike, bernoulli, multinomial];
