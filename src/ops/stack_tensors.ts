/** Tensors of one shape stacked along a new first axis: reference semantics of scan outputs. Not an operator. */
import type { Dim } from "../ir/dim.ts";
import { allocate, sizeOf, type Tensor } from "../ir/tensor.ts";
import type { Type } from "../ir/types.ts";

/** `type` tells dtype and shape where there is nothing to stack; its unknown extents are then 0. */
export function stack(list: readonly Tensor[], type: Type, size: (d: Dim) => number): Tensor {
  if (type.kind !== "tensor") throw new TypeError("only tensors are stacked");
  const element = list[0]?.shape ?? (type.shape ?? []).map((d) => sizeOrZero(d, size));
  const count = sizeOf(element);
  const data = allocate(type.dtype, list.length * count);
  list.forEach((t, n) => {
    if (t.shape.some((d, i) => d !== element[i])) throw new RangeError("results of iterations have different shapes");
    for (let i = 0; i < count; i++) (data as unknown[])[n * count + i] = t.data[i];
  });
  return { dtype: type.dtype, shape: [list.length, ...element], data };
}

function sizeOrZero(d: Dim, size: (d: Dim) => number): number {
  try {
    return size(d);
  } catch {
    return 0;
  }
}
