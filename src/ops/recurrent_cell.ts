/**
 * Activations of recurrent cells, and the loop over time of their reference semantics.
 *
 * Activations with parameters take them from `activation_alpha` and `activation_beta` in turn; those left out are the
 * defaults of ONNX's operators. Steps past a sequence's length are 0 in `Y`, and leave the states alone.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LSTM.html and its neighbours.
 */
import type { DType } from "../ir/dtype.ts";
import type { EvaluateContext, InferContext } from "../ir/op_def.ts";
import { allocate, numbers, type Tensor } from "../ir/tensor.ts";
import { toElement } from "./numeric.ts";

export interface RecurrentAttrs {
  readonly activations: readonly string[] | undefined;
  readonly activation_alpha: readonly number[] | undefined;
  readonly activation_beta: readonly number[] | undefined;
  readonly clip: number | undefined;
  readonly direction: "forward" | "reverse" | "bidirectional";
  readonly hidden_size: number | undefined;
  readonly layout: number;
}

export interface RecurrentInputs<T> {
  readonly x: T;
  readonly w: T;
  readonly r: T;
  readonly b: T | undefined;
  readonly sequence_lens: T | undefined;
  readonly initial_h: T | undefined;
  readonly initial_c?: T | undefined;
  readonly p?: T | undefined;
}

/** What tells the cells apart. */
export interface CellKind {
  readonly gates: number;
  /** Names of the activations of one direction. */
  readonly activations: readonly string[];
  readonly states: number;
}

export const directionsOf = (attrs: RecurrentAttrs): number => (attrs.direction === "bidirectional" ? 2 : 1);

/** An activation: its parameters' defaults, and its function. */
interface Activation {
  readonly alpha?: number;
  readonly beta?: number;
  readonly apply: (x: number, alpha: number, beta: number) => number;
}

const activationTable: Readonly<Record<string, Activation>> = {
  Sigmoid: { apply: (x) => 1 / (1 + Math.exp(-x)) },
  Tanh: { apply: Math.tanh },
  Relu: { apply: (x) => Math.max(x, 0) },
  Softsign: { apply: (x) => x / (1 + Math.abs(x)) },
  Softplus: { apply: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) },
  Affine: { alpha: 1, beta: 0, apply: (x, a, b) => a * x + b },
  LeakyRelu: { alpha: 0.01, apply: (x, a) => (x < 0 ? a * x : x) },
  ThresholdedRelu: { alpha: 1, apply: (x, a) => (x > a ? x : 0) },
  ScaledTanh: { alpha: 1, beta: 1, apply: (x, a, b) => a * Math.tanh(b * x) },
  HardSigmoid: { alpha: 0.2, beta: 0.5, apply: (x, a, b) => Math.min(1, Math.max(0, a * x + b)) },
  Elu: { alpha: 1, apply: (x, a) => (x < 0 ? a * Math.expm1(x) : x) },
};

export interface BoundActivation {
  readonly name: string;
  readonly alpha: number | undefined;
  readonly beta: number | undefined;
  readonly apply: (x: number) => number;
}

/** The activations of all directions with their parameters. */
export function activationsOf(
  attrs: RecurrentAttrs,
  kind: CellKind,
  ctx?: Pick<InferContext, "fail">,
): readonly BoundActivation[] {
  const wanted = kind.activations.length * directionsOf(attrs);
  // The schema's default of RNN lists both directions' activations whatever the direction.
  const names =
    attrs.activations ??
    Array.from({ length: wanted }, (_, i) => kind.activations[i % kind.activations.length] as string);
  const isDefault = attrs.activations === undefined;
  if (!isDefault && names.length !== wanted)
    ctx?.fail("E0202", { name: "activations", value: names.join(", "), expected: `${wanted} names` });
  const next = { alpha: 0, beta: 0 };
  return names.map((given) => {
    const name = Object.keys(activationTable).find((n) => n.toLowerCase() === given.toLowerCase());
    if (name === undefined)
      ctx?.fail("E0202", { name: "activations", value: given, expected: Object.keys(activationTable).join(", ") });
    const a = activationTable[name ?? "Tanh"] as Activation;
    const alpha = a.alpha === undefined ? undefined : (attrs.activation_alpha?.[next.alpha++] ?? a.alpha);
    const beta = a.beta === undefined ? undefined : (attrs.activation_beta?.[next.beta++] ?? a.beta);
    return { name: name as string, alpha, beta, apply: (x) => a.apply(x, alpha ?? 0, beta ?? 0) };
  });
}

/** One step of one sequence of the reference semantics: changes the states in place. `gates` is `X·Wᵀ` without bias. */
export type Step = (d: number, gates: Float64Array, states: readonly Float64Array[]) => void;

/** `rows` of a weight matrix times a vector, added to `out`. */
export function addMatrixVector(
  out: Float64Array,
  m: Float64Array,
  offset: number,
  v: ArrayLike<number>,
  from = 0,
): void {
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let j = 0; j < v.length; j++) sum += (m[offset + (from + i) * v.length + j] as number) * (v[j] as number);
    out[i] = (out[i] as number) + sum;
  }
}

/** Runs a cell over time. */
export function evaluateRecurrent(
  inputs: RecurrentInputs<Tensor>,
  attrs: RecurrentAttrs,
  kind: CellKind,
  ctx: EvaluateContext,
  step: Step,
): (Tensor | null)[] {
  const { x, w, r } = inputs;
  const batchFirst = attrs.layout === 1;
  const [first, second, input] = x.shape as [number, number, number];
  const [steps, batch] = batchFirst ? [second, first] : [first, second];
  const hidden = r.shape[2] as number;
  const width = kind.gates * hidden;
  const directions = directionsOf(attrs);
  const [xs, ws] = [Float64Array.from(numbers(x)), Float64Array.from(numbers(w))];
  const lengths = inputs.sequence_lens ? numbers(inputs.sequence_lens) : undefined;
  if (lengths?.some((n) => n < 0 || n > steps)) throw new RangeError(`a sequence length is not within 0 … ${steps}`);
  const y = new Float64Array(steps * directions * batch * hidden);
  const stateAt = (d: number, b: number): number => (batchFirst ? b * directions + d : d * batch + b) * hidden;
  const initial = [inputs.initial_h, inputs.initial_c].map((t) => (t ? numbers(t) : undefined));
  const last = Array.from({ length: kind.states }, () => new Float64Array(directions * batch * hidden));
  for (let d = 0; d < directions; d++)
    for (let b = 0; b < batch; b++) {
      const at = stateAt(d, b);
      const states = last.map((_, s) => Float64Array.from({ length: hidden }, (_, j) => initial[s]?.[at + j] ?? 0));
      const length = lengths?.[b] ?? steps;
      const reversed = d === 1 || attrs.direction === "reverse";
      for (let n = 0; n < length; n++) {
        const t = reversed ? length - 1 - n : n;
        const row = batchFirst ? b * steps + t : t * batch + b;
        const gates = new Float64Array(width);
        addMatrixVector(gates, ws, d * width * input, xs.subarray(row * input, (row + 1) * input));
        step(d, gates, states);
        const to = batchFirst ? (b * steps + t) * directions + d : (t * directions + d) * batch + b;
        y.set(states[0] as Float64Array, to * hidden);
      }
      for (const [s, all] of last.entries()) all.set(states[s] as Float64Array, at);
    }
  const state = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const shape = batchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  return [rounded(x.dtype, shape, y), ...last.map((l) => rounded(x.dtype, state, l))].map((t, i) =>
    ctx.wants(i) ? t : null,
  );
}

/** Doubles as a tensor of `dtype`, each rounded once. */
export function rounded(dtype: DType, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const data = allocate(dtype, values.length) as Float64Array;
  for (let i = 0; i < values.length; i++) data[i] = toElement(dtype, values[i] as number);
  return { dtype, shape, data };
}
