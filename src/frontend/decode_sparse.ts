/** `SparseTensorProto` to a dense literal that is expanded when it is loaded. */
import type { onnx } from "onnx-proto";
import { type Literal, lazyLiteral } from "../ir/literal.ts";
import { allocate, sizeOf, stridesOf, type Tensor, type TensorData } from "../ir/tensor.ts";
import { type DecodeContext, decodeDims, decodeTensor } from "./decode_tensor.ts";
import { fail, quote } from "./onnx_error.ts";

/** The name is that of `values`. Throws E0114 for parts that do not fit, at once, and for bad indices, on loading. */
export function decodeSparse(
  proto: onnx.ISparseTensorProto,
  context: DecodeContext,
): { readonly name: string; readonly literal: Literal } {
  const name = proto.values?.name ?? "";
  const wrong = (what: string): never => fail("E0114", `sparse tensor ${quote(name)}: ${what}`, { node: name });
  if (!proto.values || !proto.indices) return wrong("values and indices are required");
  const shape = decodeDims(proto.dims ?? [], name, context.limits);
  const values = decodeTensor(proto.values, context);
  const indices = decodeTensor(proto.indices, context);
  const nonZeros = values.shape[0] ?? 0;
  if (values.shape.length !== 1) wrong(`values have rank ${values.shape.length}, expected 1`);
  if (indices.dtype !== "i64") wrong(`indices are ${indices.dtype}, expected i64`);
  const linear = indices.shape.length === 1 && indices.shape[0] === nonZeros;
  const tuples = indices.shape.length === 2 && indices.shape[0] === nonZeros && indices.shape[1] === shape.length;
  if (!linear && !tuples)
    wrong(`indices are [${indices.shape.join(", ")}], expected [${nonZeros}] or [${nonZeros}, ${shape.length}]`);
  const expand = (): Tensor => expandSparse(values.load(), indices.load(), shape, linear, wrong);
  return {
    name,
    literal: lazyLiteral(values.dtype, shape, expand, [...(values.files ?? []), ...(indices.files ?? [])]),
  };
}

function expandSparse(
  values: Tensor,
  indices: Tensor,
  shape: readonly number[],
  linear: boolean,
  wrong: (what: string) => never,
): Tensor {
  const size = sizeOf(shape);
  const dense = allocate(values.dtype, size);
  const parts = dense.length / Math.max(size, 1); // two for complex elements
  const places = indices.data as BigInt64Array;
  const strides = stridesOf(shape);
  let previous = -1;
  for (let i = 0; i < values.data.length / (parts || 1); i++) {
    const place = linear ? Number(places[i]) : linearIndex(places, i, shape, strides, wrong);
    if (place < 0 || place >= size) wrong(`index ${place} lies outside ${size} elements`);
    if (place <= previous) wrong(`index ${place} does not ascend`);
    previous = place;
    copyElement(values.data, i, dense, place, parts);
  }
  return { dtype: values.dtype, shape, data: dense };
}

function linearIndex(
  places: BigInt64Array,
  row: number,
  shape: readonly number[],
  strides: readonly number[],
  wrong: (what: string) => never,
): number {
  let place = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const index = Number(places[row * shape.length + axis]);
    const extent = shape[axis] as number;
    if (index < 0 || index >= extent) wrong(`index ${index} of axis ${axis} lies outside ${extent}`);
    place += index * (strides[axis] as number);
  }
  return place;
}

function copyElement(from: TensorData, i: number, to: TensorData, place: number, parts: number): void {
  for (let part = 0; part < parts; part++)
    to[place * parts + part] = from[i * parts + part] as number & bigint & string;
}
