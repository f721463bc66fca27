/**
 * Element types: every one of ONNX's, with its width and how values of it are kept while compiling.
 *
 * Storage rule for constants and for the interpreter: an element is kept in the narrowest JavaScript typed array that
 * holds its *value* exactly. f16, bf16, f8 and f4 are kept as `Float32Array` of already rounded values; 4- and 2-bit
 * integers take one byte each. Packing to bits happens only where bytes are read or written (`src/ir/bits.ts`).
 */

/** The types in ONNX's numbering (`TensorProto.DataType`): `onnx` is that number, `bits` the packed width of an element. */
const table = {
  f32: { onnx: 1, bits: 32, kind: "float", onnxText: "float" },
  u8: { onnx: 2, bits: 8, kind: "uint", onnxText: "uint8" },
  i8: { onnx: 3, bits: 8, kind: "int", onnxText: "int8" },
  u16: { onnx: 4, bits: 16, kind: "uint", onnxText: "uint16" },
  i16: { onnx: 5, bits: 16, kind: "int", onnxText: "int16" },
  i32: { onnx: 6, bits: 32, kind: "int", onnxText: "int32" },
  i64: { onnx: 7, bits: 64, kind: "int", onnxText: "int64" },
  string: { onnx: 8, bits: 0, kind: "string", onnxText: "string" },
  bool: { onnx: 9, bits: 8, kind: "bool", onnxText: "bool" },
  f16: { onnx: 10, bits: 16, kind: "float", onnxText: "float16" },
  f64: { onnx: 11, bits: 64, kind: "float", onnxText: "double" },
  u32: { onnx: 12, bits: 32, kind: "uint", onnxText: "uint32" },
  u64: { onnx: 13, bits: 64, kind: "uint", onnxText: "uint64" },
  c64: { onnx: 14, bits: 64, kind: "complex", onnxText: "complex64" },
  c128: { onnx: 15, bits: 128, kind: "complex", onnxText: "complex128" },
  bf16: { onnx: 16, bits: 16, kind: "float", onnxText: "bfloat16" },
  f8e4m3fn: { onnx: 17, bits: 8, kind: "float", onnxText: "float8e4m3fn" },
  f8e4m3fnuz: { onnx: 18, bits: 8, kind: "float", onnxText: "float8e4m3fnuz" },
  f8e5m2: { onnx: 19, bits: 8, kind: "float", onnxText: "float8e5m2" },
  f8e5m2fnuz: { onnx: 20, bits: 8, kind: "float", onnxText: "float8e5m2fnuz" },
  u4: { onnx: 21, bits: 4, kind: "uint", onnxText: "uint4" },
  i4: { onnx: 22, bits: 4, kind: "int", onnxText: "int4" },
  f4e2m1: { onnx: 23, bits: 4, kind: "float", onnxText: "float4e2m1" },
  f8e8m0: { onnx: 24, bits: 8, kind: "float", onnxText: "float8e8m0" },
  u2: { onnx: 25, bits: 2, kind: "uint", onnxText: "uint2" },
  i2: { onnx: 26, bits: 2, kind: "int", onnxText: "int2" },
} as const;

export type DType = keyof typeof table;
export type DTypeKind = "float" | "int" | "uint" | "bool" | "string" | "complex";

/** All types, in ONNX's order. */
export const dtypes = Object.keys(table) as readonly DType[];

const byOnnx = new Map<number, DType>(dtypes.map((d) => [table[d].onnx, d]));
const byText = new Map<string, DType>(dtypes.map((d) => [table[d].onnxText, d]));

/** The type with ONNX's number `n` (`TensorProto.DataType`), or undefined: 0 is ONNX's "undefined". */
export const dtypeFromOnnx = (n: number): DType | undefined => byOnnx.get(n);
export const dtypeToOnnx = (d: DType): number => table[d].onnx;
/** The type that ONNX's text syntax and schemas call `name` ("float", "int64" …). */
export const dtypeFromOnnxText = (name: string): DType | undefined => byText.get(name);
export const dtypeToOnnxText = (d: DType): string => table[d].onnxText;

/** Width of one element in a packed tensor, in bits (0 for strings). */
export const bitsOf = (d: DType): number => table[d].bits;
export const kindOf = (d: DType): DTypeKind => table[d].kind;
/** Width of one element in memory of the generated program, in bytes: 4- and 2-bit elements take one byte there. */
export const bytesOf = (d: DType): number => Math.max(1, table[d].bits / 8);
/** Bytes of `count` elements in ONNX's packed encoding. */
export const packedBytes = (d: DType, count: number): number => Math.ceil((count * table[d].bits) / 8);

export const isFloat = (d: DType): boolean => table[d].kind === "float";
export const isInteger = (d: DType): boolean => table[d].kind === "int" || table[d].kind === "uint";
export const isSigned = (d: DType): boolean => table[d].kind === "int" || table[d].kind === "float";
/** Types kept as BigInt while compiling. */
export const isBig = (d: DType): d is "i64" | "u64" => d === "i64" || d === "u64";
export const isDType = (s: string): s is DType => Object.hasOwn(table, s);

/** The inclusive range of an integer type, as BigInt. */
export function integerRange(d: DType): { min: bigint; max: bigint } {
  const bits = BigInt(table[d].bits);
  return table[d].kind === "int"
    ? { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
    : { min: 0n, max: (1n << bits) - 1n };
}
