/** Images with channels last: axis orders, and reference tensors brought from one to the other. Not an operator. */
import { sizeOf, stridesOf, type Tensor } from "../ir/tensor.ts";
import { strided } from "./strided.ts";

/** NCHW → NHWC, and back. */
export const toChannelsLast = [0, 2, 3, 1] as const;
export const toChannelsFirst = [0, 3, 1, 2] as const;

export function permuted(t: Tensor, order: readonly number[]): Tensor {
  const strides = stridesOf(t.shape);
  return strided(
    t,
    order.map((axis) => t.shape[axis] as number),
    order.map((axis) => strides[axis] as number),
  );
}

/** A tensor with other extents, the elements in order. */
export function reshaped(t: Tensor, shape: readonly number[]): Tensor {
  if (sizeOf(shape) !== sizeOf(t.shape)) throw new RangeError(`${t.shape} cannot become ${shape}`);
  return { ...t, shape };
}
