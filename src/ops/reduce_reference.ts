/** Reference semantics of reductions: all elements of one result in double precision (64-bit integers exactly) at a time. */
import { integerRange, isFloat, isInteger } from "../ir/dtype.ts";
import { allocate, sizeOf, stridesOf, type Tensor } from "../ir/tensor.ts";
import { eachIndex, toElement, wrapBig } from "./numeric.ts";

export type Reduction = "Sum" | "Mean" | "Max" | "Min" | "Prod" | "L1" | "L2" | "LogSum" | "LogSumExp" | "SumSquare";

interface Row {
  readonly summary: string;
  readonly error: string;
  /** Of elements other than integers of more than 16 bits. */
  readonly numbers: (x: readonly number[]) => number;
  /** Of integers; `numbers` where absent. */
  readonly integers?: (x: readonly bigint[]) => bigint;
}

const inLanes = "at most 16·2⁻²⁴ · Σ|term| and one rounding: lanes of f32 are emptied into f64 after 16 terms";
const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0);
const total = (x: readonly bigint[]): bigint => x.reduce((a, b) => a + b, 0n);
const abs = (x: bigint): bigint => (x < 0n ? -x : x);
const pickMax = (a: number, b: number): number => (a > b || Number.isNaN(a) ? a : b);
const pickMin = (a: number, b: number): number => (a < b || Number.isNaN(a) ? a : b);

export const reductions: Readonly<Record<Reduction, Row>> = {
  Sum: { summary: "Sums over axes.", error: inLanes, numbers: sum, integers: total },
  Mean: {
    summary: "Means over axes.",
    error: inLanes,
    numbers: (x) => sum(x) / x.length,
    integers: (x) => (x.length === 0 ? 0n : total(x) / BigInt(x.length)),
  },
  Max: { summary: "The greatest over axes.", error: "exact", numbers: (x) => x.reduce(pickMax, -Infinity) },
  Min: { summary: "The least over axes.", error: "exact", numbers: (x) => x.reduce(pickMin, Infinity) },
  Prod: {
    summary: "Products over axes.",
    error: "taken in f64, rounded once",
    numbers: (x) => x.reduce((a, b) => a * b, 1),
    integers: (x) => x.reduce((a, b) => BigInt.asIntN(64, a * b), 1n),
  },
  L1: {
    summary: "Sums of absolute values over axes.",
    error: inLanes,
    numbers: (x) => sum(x.map(Math.abs)),
    integers: (x) => total(x.map(abs)),
  },
  L2: {
    summary: "Roots of sums of squares over axes.",
    error: "taken in f64, rounded once",
    numbers: (x) => Math.sqrt(sum(x.map((v) => v * v))),
  },
  LogSum: { summary: "Logarithms of sums over axes.", error: inLanes, numbers: (x) => Math.log(sum(x)) },
  LogSumExp: {
    summary: "Logarithms of sums of exponentials over axes.",
    error: "taken in f64, rounded once",
    numbers: logSumExp,
  },
  SumSquare: {
    summary: "Sums of squares over axes.",
    error: inLanes,
    numbers: (x) => sum(x.map((v) => v * v)),
    integers: (x) => total(x.map((v) => v * v)),
  },
};

/** The greatest element is taken out, so that the exponentials do not overflow. */
function logSumExp(x: readonly number[]): number {
  const greatest = x.reduce(pickMax, -Infinity);
  if (!Number.isFinite(greatest)) return greatest;
  return greatest + Math.log(sum(x.map((v) => Math.exp(v - greatest))));
}

/** `x` reduced over `axes`, which count from the front. */
export function reduceTensor(kind: Reduction, x: Tensor, axes: readonly number[], keep: boolean): Tensor {
  const gone = new Set(axes);
  const strides = stridesOf(x.shape);
  const side = (reduced: boolean): [number[], number[]] => {
    const own = x.shape.map((_, i) => i).filter((i) => gone.has(i) === reduced);
    return [own.map((i) => x.shape[i] as number), own.map((i) => strides[i] as number)];
  };
  const [[kept, keptStrides], [inner, innerStrides]] = [side(false), side(true)];
  const offsets = new Array<number>(sizeOf(inner));
  eachIndex(inner, [innerStrides], (i, [o]) => {
    offsets[i] = o as number;
  });
  const data = allocate(x.dtype, sizeOf(kept)) as (number | bigint)[] & Tensor["data"];
  const source = x.data as ArrayLike<number | bigint>;
  eachIndex(kept, [keptStrides], (i, [o]) => {
    data[i] = reduceElements(
      kind,
      x,
      offsets.map((d) => source[(o as number) + d] as number | bigint),
    );
  });
  return { dtype: x.dtype, shape: keep ? x.shape.map((d, i) => (gone.has(i) ? 1 : d)) : kept, data };
}

function reduceElements(kind: Reduction, { dtype }: Tensor, elements: readonly (number | bigint)[]): number | bigint {
  const big = dtype === "i64" || dtype === "u64";
  const { numbers, integers } = reductions[kind];
  if (isInteger(dtype) && (kind === "Max" || kind === "Min")) return extremum(kind, dtype, elements);
  if (isInteger(dtype) && integers) {
    const exact = integers(elements.map(BigInt));
    return big ? wrapBig(dtype, exact) : toElement(dtype, Number(BigInt.asIntN(32, exact)));
  }
  const y = numbers(elements.map(Number));
  if (dtype === "bool") return y > 0 ? 1 : 0;
  if (isFloat(dtype)) return toElement(dtype, y);
  return saturated(dtype, y);
}

function extremum(
  kind: "Max" | "Min",
  dtype: Tensor["dtype"],
  elements: readonly (number | bigint)[],
): number | bigint {
  const { min, max } = integerRange(dtype);
  const none = kind === "Max" ? min : max;
  const start: number | bigint = dtype === "i64" || dtype === "u64" ? none : Number(none);
  return elements.reduce((a, b) => ((kind === "Max" ? b > a : b < a) ? b : a), start);
}

/** A float as an integer: cut off, clamped to the type's range, NaN is 0. */
function saturated(dtype: Tensor["dtype"], y: number): number | bigint {
  const { min, max } = integerRange(dtype);
  const [low, high] = [Number(min), Number(max)];
  const big = dtype === "i64" || dtype === "u64";
  if (Number.isNaN(y)) return big ? 0n : 0;
  if (y <= low) return big ? min : low;
  if (y >= high) return big ? max : high;
  return big ? BigInt(Math.trunc(y)) : Math.trunc(y);
}
