/** Literals to `TensorProto` and `SparseTensorProto`: raw_data for all types but strings. */
import { writePacked } from "../ir/bits.ts";
import { dtypeToOnnx } from "../ir/dtype.ts";
import { allocate, sizeOf, type Tensor, type TensorData } from "../ir/tensor.ts";
import { bytesField, intField, intsField, message, optionalText, textField } from "./wire_write.ts";

/** `TensorProto` for `t`. */
export function encodeTensorProto(t: Tensor, name: string): Uint8Array {
  const strings = t.dtype === "string" ? (t.data as string[]).map((s) => textField(6, s)) : [];
  return message(
    dims(1, t.shape),
    intField(2, dtypeToOnnx(t.dtype)),
    ...strings,
    optionalText(8, name),
    ...(t.dtype === "string" ? [] : [bytesField(9, writePacked(t))]),
  );
}

const dims = (field: number, shape: readonly number[]): Uint8Array => message(...shape.map((d) => intField(field, d)));

/** `SparseTensorProto` with linear indices for the elements of `t` that are not zero (or empty strings). */
export function encodeSparseProto(t: Tensor, name: string): Uint8Array {
  const size = sizeOf(t.shape);
  const parts = t.data.length / Math.max(size, 1);
  const places = Array.from({ length: size }, (_, i) => i).filter((i) => !isZero(t.data, i, parts));
  const data = allocate(t.dtype, places.length);
  for (const [row, place] of places.entries())
    for (let part = 0; part < parts; part++)
      data[row * parts + part] = t.data[place * parts + part] as number & bigint & string;
  const values: Tensor = { dtype: t.dtype, shape: [places.length], data };
  const indices: Tensor = { dtype: "i64", shape: [places.length], data: BigInt64Array.from(places, BigInt) };
  return message(
    bytesField(1, encodeTensorProto(values, name)),
    bytesField(2, encodeTensorProto(indices, "")),
    t.shape.length === 0 ? new Uint8Array(0) : intsField(3, t.shape),
  );
}

/** True for +0 only: -0 has to be kept. */
function isZero(data: TensorData, at: number, parts: number): boolean {
  for (let part = 0; part < parts; part++) {
    const value = data[at * parts + part];
    if (!(Object.is(value, 0) || value === 0n || value === "")) return false;
  }
  return true;
}
