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
import type { DType } from "../ir/dtype.ts";

/** numpy's kind letter and size in bytes. */
export interface NumpyType {
  readonly kind: "f" | "i" | "u" | "b" | "c";
  readonly bytes: number;
}

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
