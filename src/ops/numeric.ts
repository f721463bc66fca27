/**
 * Loops of the reference semantics: elementwise and broadcasting maps over tensors of any element type. Numbers are
 * computed in double precision (64-bit integers as BigInt) and brought to the element type once.
 */
import { roundTo } from "../ir/bits.ts";
import { type DType, integerRange, isBig, isFloat, isInteger } from "../ir/dtype.ts";
import { allocate, type NumberArray, sizeOf, stridesOf, type Tensor } from "../ir/tensor.ts";

/** `x` as an element of `dtype`: floats rounded once, integers truncated and wrapped, bool 0 or 1. */
export function toElement(dtype: DType, x: number): number {
  if (dtype === "bool") return x !== 0 ? 1 : 0;
  if (isInteger(dtype) && !isBig(dtype)) return wrap(dtype, Math.trunc(x));
  return isFloat(dtype) ? roundTo(dtype, x) : x;
}

/** Two's complement of an integer in `dtype`'s width (up to 32 bits). */
export function wrap(dtype: DType, x: number): number {
  const { min, max } = integerRange(dtype);
  const [low, high] = [Number(min), Number(max)];
  if (x >= low && x <= high) return x;
  const span = high - low + 1;
  return x - span * Math.floor((x - low) / span);
}

/** A BigInt as an element of i64 or u64, wrapped. */
export const wrapBig = (dtype: "i64" | "u64", x: bigint): bigint =>
  dtype === "i64" ? BigInt.asIntN(64, x) : BigInt.asUintN(64, x);

/** Offsets that read an array of `shape` with the extents `out` (0 where an axis is repeated). */
export function broadcastStrides(shape: readonly number[], out: readonly number[]): number[] {
  const own = stridesOf(shape);
  const lead = out.length - shape.length;
  return out.map((_, axis) => (axis < lead || shape[axis - lead] === 1 ? 0 : (own[axis - lead] as number)));
}

/** Shape of the broadcast arrays. `infer` has already refused what does not fit. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, i) => {
    const extents = shapes.map((s) => s[i - (rank - s.length)] ?? 1);
    return extents.find((e) => e !== 1) ?? 1;
  });
}

/** Calls `f(i, offsets)` for each element of `shape` in row-major order; `offsets[n]` is the place in the n-th array. */
export function eachIndex(
  shape: readonly number[],
  strides: readonly (readonly number[])[],
  f: (i: number, offsets: readonly number[]) => void,
): void {
  const count = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  const offsets = new Array<number>(strides.length).fill(0);
  for (let i = 0; i < count; i++) {
    f(i, offsets);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      strides.forEach((s, n) => {
        offsets[n] = (offsets[n] as number) + (s[axis] as number);
      });
      if ((index[axis] as number) < (shape[axis] as number)) break;
      strides.forEach((s, n) => {
        offsets[n] = (offsets[n] as number) - (s[axis] as number) * (shape[axis] as number);
      });
      index[axis] = 0;
    }
  }
}

/** `y[i] = f(inputs[..][i])` with broadcasting, for element types other than 64-bit integers and strings. */
export function mapNumbers(dtype: DType, inputs: readonly Tensor[], f: (...x: number[]) => number): Tensor {
  const shape = broadcastShape(...inputs.map((t) => t.shape));
  const data = allocate(dtype, sizeOf(shape)) as NumberArray;
  const strides = inputs.map((t) => broadcastStrides(t.shape, shape));
  const args = new Array<number>(inputs.length);
  eachIndex(shape, strides, (i, at) => {
    for (let n = 0; n < args.length; n++) args[n] = Number((inputs[n] as Tensor).data[at[n] as number]);
    data[i] = toElement(dtype, f(...args));
  });
  return { dtype, shape, data };
}

/** As `mapNumbers` with BigInt arguments and an i64 or u64 result. */
export function mapBigs(dtype: "i64" | "u64", inputs: readonly Tensor[], f: (...x: bigint[]) => bigint): Tensor {
  const shape = broadcastShape(...inputs.map((t) => t.shape));
  const data = allocate(dtype, sizeOf(shape)) as BigInt64Array | BigUint64Array;
  const strides = inputs.map((t) => broadcastStrides(t.shape, shape));
  eachIndex(shape, strides, (i, at) => {
    data[i] = wrapBig(dtype, f(...inputs.map((t, n) => BigInt(t.data[at[n] as number] as bigint))));
  });
  return { dtype, shape, data };
}

/** Copies elements by position whatever their type: `y[i] = x[source(i)]`; a negative source leaves the zero of the type. */
export function pick(x: Tensor, shape: readonly number[], source: (i: number) => number): Tensor {
  const data = allocate(x.dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) {
    const from = source(i);
    if (from >= 0) (data as unknown[])[i] = x.data[from];
  }
  return { dtype: x.dtype, shape, data };
}
