/**
 * A dense tensor of known contents: constants of a model and values of the interpreter.
 *
 * Row-major, contiguous, one array entry per element (complex: two, real then imaginary). See `dtype.ts` for which array.
 * Not here: weights that stay in their file until they are packed (`literal.ts`).
 */
import { type DType, isBig, kindOf } from "./dtype.ts";

export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;
export type BigArray = BigInt64Array | BigUint64Array;
export type TensorData = NumberArray | BigArray | string[];

export interface Tensor {
  readonly dtype: DType;
  /** Extents, outermost first; `[]` is a scalar. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** A zeroed array of the kind that `dtype` is kept in (empty strings for strings). */
export function allocate(dtype: DType, count: number): TensorData {
  switch (dtype) {
    case "f64":
      return new Float64Array(count);
    case "c128":
      return new Float64Array(2 * count);
    case "c64":
      return new Float32Array(2 * count);
    case "i8":
    case "i4":
    case "i2":
      return new Int8Array(count);
    case "u8":
    case "u4":
    case "u2":
    case "bool":
      return new Uint8Array(count);
    case "i16":
      return new Int16Array(count);
    case "u16":
      return new Uint16Array(count);
    case "i32":
      return new Int32Array(count);
    case "u32":
      return new Uint32Array(count);
    case "i64":
      return new BigInt64Array(count);
    case "u64":
      return new BigUint64Array(count);
    case "string":
      return new Array<string>(count).fill("");
    default:
      return new Float32Array(count); // f32 and every narrower float
  }
}

/** A tensor of `dtype` with the given contents; plain numbers are converted for 64-bit integers. No rounding, no wrapping. */
export function tensor(dtype: DType, shape: readonly number[], values: ArrayLike<number | bigint | string>): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  if (isBig(dtype)) for (let i = 0; i < data.length; i++) data[i] = BigInt(values[i] as number | bigint);
  else if (dtype === "string") for (let i = 0; i < data.length; i++) data[i] = values[i] as string;
  else for (let i = 0; i < data.length; i++) data[i] = Number(values[i]);
  return { dtype, shape, data };
}

export const scalar = (dtype: DType, value: number | bigint | string): Tensor => tensor(dtype, [], [value]);
/** A 1-D i64 tensor, as ONNX wants shapes and axes. */
export const int64s = (values: readonly (number | bigint)[]): Tensor => tensor("i64", [values.length], values);

/** The elements as plain numbers (64-bit integers may lose low bits beyond 2⁵³; strings are refused). */
export function numbers(t: Tensor): number[] {
  if (t.dtype === "string") throw new TypeError("a string tensor has no numbers");
  return Array.from(t.data as ArrayLike<number | bigint>, Number);
}

export const strings = (t: Tensor): readonly string[] => t.data as string[];
/** True where elements are kept as BigInt. */
export const isBigTensor = (t: Tensor): t is Tensor & { data: BigArray } => isBig(t.dtype);
export const isNumeric = (t: Tensor): boolean => kindOf(t.dtype) !== "string";

/** Strides of a contiguous row-major shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i] as number;
  }
  return strides;
}

/** A sequence, optional or map value of the interpreter; a plain tensor stands for itself, `null` is an empty optional. */
export type RuntimeValue = Tensor | RuntimeSequence | RuntimeMap | null;
export interface RuntimeSequence {
  readonly kind: "sequence";
  readonly elements: readonly RuntimeValue[];
}
export interface RuntimeMap {
  readonly kind: "map";
  readonly keys: Tensor;
  readonly values: RuntimeValue;
}
export const isTensor = (v: RuntimeValue | undefined): v is Tensor => v !== null && v !== undefined && "dtype" in v;
