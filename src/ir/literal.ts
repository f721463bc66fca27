/**
 * A constant of a model as the IR carries it: dtype, shape, and a way to its contents.
 *
 * Contents may be one repeated value (`splat`: never expanded before weights are written, 575 MB in the VGG-19 test
 * model), a tensor in memory, or a range of a file that is read when somebody asks.
 */
import type { DType } from "./dtype.ts";
import { allocate, sizeOf, type Tensor } from "./tensor.ts";

export interface Literal {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The value that every element has, where that is known without reading. */
  readonly splat: number | bigint | string | undefined;
  /** The files beside the model's that hold the contents, if any do. */
  readonly files?: readonly string[];
  /** The contents. File-backed literals read each time: keep the result only as long as you need it. */
  load(): Tensor;
}

/** A literal of a tensor in memory; one-element tensors are splats. */
export function literalOf(t: Tensor): Literal {
  return {
    dtype: t.dtype,
    shape: t.shape,
    splat: sizeOf(t.shape) === 1 ? t.data[0] : undefined,
    load: () => t,
  };
}

/** `value` repeated over `shape`. */
export function splatLiteral(dtype: DType, shape: readonly number[], value: number | bigint | string): Literal {
  return {
    dtype,
    shape,
    splat: value,
    load() {
      const data = allocate(dtype, sizeOf(shape));
      (data as unknown[]).fill(value);
      return { dtype, shape, data };
    },
  };
}

/** A literal whose contents `read` fetches, from the model's file or from `files` beside it. */
export const lazyLiteral = (
  dtype: DType,
  shape: readonly number[],
  read: () => Tensor,
  files: readonly string[] = [],
): Literal => ({
  dtype,
  shape,
  splat: undefined,
  files,
  load: read,
});
