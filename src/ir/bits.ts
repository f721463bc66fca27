/**
 * Elements as bytes: tensors from ONNX's packed little-endian form and back. The small floats themselves are in
 * `small_floats.ts`.
 */
import { bitsOf, type DType, kindOf, packedBytes } from "./dtype.ts";
import { decodeTable, encodeAll, isSmallFloat } from "./small_floats.ts";
import { allocate, type NumberArray, sizeOf, type Tensor, type TensorData } from "./tensor.ts";

export { decodeFloat, type EncodeOptions, encodeFloat, roundTo } from "./small_floats.ts";

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** True if `bytes` are all of their buffer. */
const isWhole = (bytes: Uint8Array): boolean => bytes.byteLength === bytes.buffer.byteLength;

/** Bytes whose `width`-byte groups are in the host's order, in a buffer of their own; `bytes` themselves if `owned`. */
function hostOrder(bytes: Uint8Array, width: number, owned = false): ArrayBuffer {
  const own = owned && isWhole(bytes) ? bytes : new Uint8Array(bytes.length);
  if (own !== bytes) own.set(bytes);
  if (!hostIsLittleEndian) for (let i = 0; i < own.length; i += width) own.subarray(i, i + width).reverse();
  return own.buffer as ArrayBuffer;
}

/**
 * The tensor whose elements are packed in `bytes` as in ONNX's raw_data: little-endian, 4- and 2-bit elements from the low
 * bits up, bool one byte each (non-zero is true). Throws RangeError unless there are exactly as many bytes as needed, and
 * TypeError for strings.
 *
 * The tensor's data is a copy, unless the caller gives `bytes` away (`owned`): then it may be the same memory.
 */
export function readPacked(dtype: DType, shape: readonly number[], bytes: Uint8Array, owned = false): Tensor {
  const count = sizeOf(shape);
  if (dtype === "string") throw new TypeError("strings have no packed form");
  const needed = packedBytes(dtype, count);
  if (bytes.length !== needed) throw new RangeError(`${needed} bytes expected, ${bytes.length} found`);
  return { dtype, shape, data: unpack(dtype, count, bytes, owned) };
}

function unpack(dtype: DType, count: number, bytes: Uint8Array, owned: boolean): TensorData {
  const width = bitsOf(dtype);
  if (width < 8) return unpackBits(dtype, count, bytes, width);
  if (dtype === "bool") return Uint8Array.from(bytes, (b) => (b === 0 ? 0 : 1));
  if (isSmallFloat(dtype)) {
    const table = decodeTable(dtype);
    const patterns = width === 16 ? new Uint16Array(hostOrder(bytes, 2)) : bytes;
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = table[patterns[i] as number] as number;
    return values;
  }
  const part = kindOf(dtype) === "complex" ? width / 16 : width / 8;
  const like = allocate(dtype, 0) as NumberArray;
  return new (like.constructor as new (buffer: ArrayBuffer) => NumberArray)(hostOrder(bytes, part, owned));
}

function unpackBits(dtype: DType, count: number, bytes: Uint8Array, width: number): TensorData {
  const data = allocate(dtype, count) as NumberArray;
  const perByte = 8 / width;
  const mask = (1 << width) - 1;
  const signBit = kindOf(dtype) === "int" ? 1 << (width - 1) : 0;
  const table = dtype === "f4e2m1" ? decodeTable(dtype) : undefined;
  for (let i = 0; i < count; i++) {
    const bits = ((bytes[Math.floor(i / perByte)] as number) >> ((i % perByte) * width)) & mask;
    data[i] = table === undefined ? (bits ^ signBit) - signBit : (table[bits] as number);
  }
  return data;
}

/**
 * The inverse of `readPacked`. Values that the type does not have are rounded (floats) or wrapped (integers); unused bits of
 * the last byte are zero. Throws TypeError for strings.
 */
export function writePacked(t: Tensor): Uint8Array {
  const { dtype } = t;
  if (dtype === "string") throw new TypeError("strings have no packed form");
  const width = bitsOf(dtype);
  const data = t.data as NumberArray;
  if (width < 8) return packBits(dtype, data, width);
  if (dtype === "bool") return Uint8Array.from(data, (b) => (b === 0 ? 0 : 1));
  if (isSmallFloat(dtype)) {
    const patterns = encodeAll(dtype, data as Float32Array);
    return new Uint8Array(hostOrder(new Uint8Array(patterns.buffer), width / 8, true));
  }
  const part = kindOf(dtype) === "complex" ? width / 16 : width / 8;
  return new Uint8Array(hostOrder(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), part));
}

function packBits(dtype: DType, data: NumberArray, width: number): Uint8Array {
  const bytes = new Uint8Array(packedBytes(dtype, data.length));
  const perByte = 8 / width;
  const mask = (1 << width) - 1;
  const patterns = dtype === "f4e2m1" ? encodeAll(dtype, data as Float32Array) : data;
  for (let i = 0; i < data.length; i++) {
    const bits = (patterns[i] as number) & mask;
    const at = Math.floor(i / perByte);
    bytes[at] = (bytes[at] as number) | (bits << ((i % perByte) * width));
  }
  return bytes;
}
