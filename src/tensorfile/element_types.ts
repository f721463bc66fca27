/**
 * Which element type of numpy stands for which element type of ONNX in a `.npy` file.
 *
 * numpy has no names for the narrow machine-learning types, so a file carries their bits, one element in one unit:
 *
 * | ONNX                   | in the file | an element is                                   |
 * |------------------------|-------------|-------------------------------------------------|
 * | bfloat16               | `<u2`       | the bit pattern                                 |
 * | float8 ×5, float4e2m1  | `\|u1`      | the bit pattern (4 bits: the low half)          |
 * | uint4, uint2           | `\|u1`      | the value                                       |
 * | int4, int2             | `\|i1`      | the value                                       |
 *
 * The file does not say which of these it means: the graph does, and `asDeclared` turns what was read into it.
 * The raw types of Python's `ml_dtypes` (`|V1`, `<V2`) read as `u8` and `u16` and so follow the same rule.
 */
import { decodeFloat, encodeFloat, readPacked, writePacked } from "../ir/bits.ts";
import { bitsOf, type DType, kindOf } from "../ir/dtype.ts";
import { allocate, type NumberArray, type Tensor } from "../ir/tensor.ts";
import { TensorFileError } from "./error.ts";

const byDType: Readonly<Record<Exclude<DType, "string">, string>> = {
  f32: "f4",
  f64: "f8",
  f16: "f2",
  i8: "i1",
  i16: "i2",
  i32: "i4",
  i64: "i8",
  u8: "u1",
  u16: "u2",
  u32: "u4",
  u64: "u8",
  bool: "b1",
  c64: "c8",
  c128: "c16",
  bf16: "u2",
  f8e4m3fn: "u1",
  f8e4m3fnuz: "u1",
  f8e5m2: "u1",
  f8e5m2fnuz: "u1",
  f8e8m0: "u1",
  f4e2m1: "u1",
  u4: "u1",
  u2: "u1",
  i4: "i1",
  i2: "i1",
};

const native = new Map<string, DType>(
  (["f32", "f64", "f16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "bool", "c64", "c128"] as const).map(
    (d) => [byDType[d], d],
  ),
);

/** numpy's name of what `dtype` is stored as, without byte order: "f4", "u2" … */
export const numpyName = (dtype: Exclude<DType, "string">): string => byDType[dtype];

/** The element type that numpy's `name` ("f4", "b1", "V2" …) reads as, or undefined if there is none. */
export function dtypeOfNumpy(name: string): Exclude<DType, "string"> | undefined {
  if (name === "V1") return "u8";
  if (name === "V2") return "u16";
  return native.get(name) as Exclude<DType, "string"> | undefined;
}

/** 4- and 2-bit elements of `t` each in a unit of their own, as the file has them; other tensors as they are. */
export function unitsOf(t: Tensor): Tensor {
  if (t.dtype === "string" || bitsOf(t.dtype) >= 8) return t;
  const data = t.data as NumberArray;
  if (kindOf(t.dtype) === "int") return { ...t, dtype: "i8", data };
  return {
    ...t,
    dtype: "u8",
    data: kindOf(t.dtype) === "float" ? Uint8Array.from(data, (x) => encodeFloat(t.dtype, x)) : data,
  };
}

/**
 * What a file holds, as the element type that the graph declares: bits become values of the narrow types in the table above.
 *
 * Throws `TensorFileError` where the file's type is not how `dtype` is kept (nothing is converted: a float is not cut to
 * bits), or where an element is out of the range of a 4- or 2-bit integer.
 */
export function asDeclared(t: Tensor, dtype: DType): Tensor {
  if (t.dtype === dtype) return t;
  const mismatch = (): never => {
    const kept = dtype === "string" ? "strings" : `"${byDType[dtype]}"`;
    throw new TensorFileError(`${dtype} is kept in a file as ${kept}, but the file holds ${t.dtype}`);
  };
  if (dtype === "string" || native.get(byDType[dtype]) === dtype) return mismatch();
  if (bitsOf(dtype) >= 8) {
    if (t.dtype !== native.get(byDType[dtype])) return mismatch();
    return readPacked(dtype, t.shape, writePacked(t));
  }
  if (t.dtype !== "u8" && !(t.dtype === "i8" && kindOf(dtype) === "int")) return mismatch();
  const data = allocate(dtype, t.data.length) as NumberArray;
  for (let i = 0; i < data.length; i++) data[i] = narrow(t.dtype, t.data[i] as number, dtype);
  return { dtype, shape: t.shape, data };
}

/** The 4- or 2-bit element that a unit of type `from` holds: a value, or its bits where `from` is unsigned. */
function narrow(from: "u8" | "i8", unit: number, dtype: DType): number {
  const width = bitsOf(dtype);
  const [min, max] = from === "i8" ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1];
  if (unit < min || unit > max) throw new TensorFileError(`${unit} is out of the range of ${dtype} (${min} to ${max})`);
  if (kindOf(dtype) === "float") return decodeFloat(dtype, unit);
  return kindOf(dtype) === "int" && unit >= 2 ** (width - 1) ? unit - 2 ** width : unit;
}
