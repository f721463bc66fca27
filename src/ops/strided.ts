/** Copies of the reference semantics between arrays whose axes have strides of their own, for every element type. */
import { type DType, kindOf } from "../ir/dtype.ts";
import { allocate, sizeOf, type Tensor, type TensorData } from "../ir/tensor.ts";

/** Entries of the array per element: complex numbers take two. */
export const entriesOf = (dtype: DType): number => (kindOf(dtype) === "complex" ? 2 : 1);

/** `y[i…] = x[start + Σ i·stride]`, offsets counted in elements. */
export function strided(x: Tensor, shape: readonly number[], strides: readonly number[], start = 0): Tensor {
  const width = entriesOf(x.dtype);
  const extents = width === 1 ? shape : [...shape, width];
  const steps = width === 1 ? strides : [...strides.map((s) => s * width), 1];
  const data = allocate(x.dtype, sizeOf(shape));
  fill(data as unknown[], x.data as unknown as ArrayLike<unknown>, extents, steps, start * width);
  return { dtype: x.dtype, shape: [...shape], data };
}

function fill(
  to: unknown[],
  from: ArrayLike<unknown>,
  extents: readonly number[],
  steps: readonly number[],
  start: number,
): void {
  const rank = extents.length;
  const run = extents[rank - 1] ?? 1;
  const step = steps[rank - 1] ?? 0;
  const index = new Array<number>(rank).fill(0);
  let at = start;
  for (let i = 0; i < to.length; ) {
    for (let n = 0, j = at; n < run; n++, j += step) to[i++] = from[j];
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      at += steps[axis] as number;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (extents[axis] as number)) break;
      at -= (steps[axis] as number) * (extents[axis] as number);
      index[axis] = 0;
    }
  }
}

/** Copies `count` elements of `x` from `from` on into `data`, an array for the same element type, from `to` on. */
export function copyRun(x: Tensor, from: number, data: TensorData, to: number, count: number): void {
  const width = entriesOf(x.dtype);
  const [source, target] = [x.data as unknown as ArrayLike<unknown>, data as unknown[]];
  for (let i = 0; i < count * width; i++) target[to * width + i] = source[from * width + i];
}

/** A tensor of the same type and `shape` whose `i`-th element is the `source(i)`-th of `x`, zero where that is negative. */
export function take(x: Tensor, shape: readonly number[], source: (i: number) => number): Tensor {
  const data = allocate(x.dtype, sizeOf(shape));
  for (let i = 0; i < sizeOf(shape); i++) {
    const from = source(i);
    if (from >= 0) copyRun(x, from, data, i, 1);
  }
  return { dtype: x.dtype, shape: [...shape], data };
}

/** A copy that may be written to. */
export const copied = (x: Tensor): Tensor => ({ ...x, data: x.data.slice() as TensorData });

/** Extents before, at and after an axis, as products: (outer, extent, inner). */
export const around = (shape: readonly number[], axis: number): readonly [number, number, number] => [
  sizeOf(shape.slice(0, axis)),
  shape[axis] as number,
  sizeOf(shape.slice(axis + 1)),
];
