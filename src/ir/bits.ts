/**
 * Element types as bits: encoding and rounding of the small floats, and packed little-endian bytes to tensors and back.
 *
 * Sources: IEEE 754-2019; ONNX "Float stored in 8 bits" and the tables of the operator Cast (versions 19 to 25); OCP
 * Microscaling Formats 1.0 (e8m0, e2m1). All conversions start from a JavaScript number, so each rounds exactly once.
 */
import { bitsOf, type DType, kindOf, packedBytes } from "./dtype.ts";
import { allocate, type NumberArray, sizeOf, type Tensor, type TensorData } from "./tensor.ts";

/** A binary float format of at most 16 bits with sign, exponent and mantissa. */
interface Format {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  readonly bias: number;
  /** Largest finite pattern without the sign bit. */
  readonly maxBits: number;
  /** Pattern of infinity without the sign bit, if the format has one. */
  readonly infBits: number | undefined;
  /** Pattern written for NaN. */
  readonly nanBits: number;
  /** Has neither -0 nor signed NaN: 0x80 is NaN. */
  readonly unsignedZero: boolean;
}

const format = (
  exponentBits: number,
  mantissaBits: number,
  bias: number,
  maxBits: number,
  infBits: number | undefined,
  nanBits: number,
  unsignedZero = false,
): Format => ({ exponentBits, mantissaBits, bias, maxBits, infBits, nanBits, unsignedZero });

const formats: Partial<Record<DType, Format>> = {
  f16: format(5, 10, 15, 0x7bff, 0x7c00, 0x7e00),
  bf16: format(8, 7, 127, 0x7f7f, 0x7f80, 0x7fc0),
  f8e4m3fn: format(4, 3, 7, 0x7e, undefined, 0x7f),
  f8e4m3fnuz: format(4, 3, 8, 0x7f, undefined, 0x80, true),
  f8e5m2: format(5, 2, 15, 0x7b, 0x7c, 0x7e),
  f8e5m2fnuz: format(5, 2, 16, 0x7f, undefined, 0x80, true),
  f4e2m1: format(2, 1, 1, 0x7, undefined, 0x8),
};

export interface EncodeOptions {
  /**
   * What is too large becomes the largest finite value (true, the default for 8-bit and 4-bit formats) or infinity, or NaN
   * where there is none (false, the default for f16 and bf16). With saturation infinity is too large, too.
   */
  readonly saturate?: boolean | undefined;
  /** Only for f8e8m0, which holds powers of two: to the next above (default), below, or the nearer one (ties go up). */
  readonly roundMode?: "up" | "down" | "nearest" | undefined;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The exponent e of |x| = m·2ᵉ with 1 <= m < 2; for zero and subnormal x one far below every format's. */
function exponentOf(x: number): number {
  scratch.setFloat64(0, x);
  return ((scratch.getUint16(0) >> 4) & 0x7ff) - 1023;
}

/** `x` to the nearest integer, ties to even; for 0 <= x < 2⁵². */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest > 0.5 || (rest === 0.5 && below % 2 === 1)) return below + 1;
  return below;
}

const isSmallFloat = (dtype: DType): boolean => formats[dtype] !== undefined || dtype === "f8e8m0";

/**
 * The bit pattern of `x` in a float type of at most 32 bits (f4e2m1: four bits), rounded to nearest even.
 *
 * NaN keeps neither sign nor payload. f4e2m1 has neither NaN nor infinity: it always saturates, and NaN becomes -0 (so
 * ONNX's test data, after ml_dtypes). The `fnuz` formats turn -0 into 0. Throws TypeError for other types.
 */
export function encodeFloat(dtype: DType, x: number, options: EncodeOptions = {}): number {
  if (dtype === "f32") {
    scratch.setFloat32(0, x);
    return scratch.getUint32(0);
  }
  if (dtype === "f8e8m0") return encodeE8m0(x, options);
  const f = formats[dtype];
  if (f === undefined) throw new TypeError(`${dtype} is not a float type of at most 32 bits`);
  if (Number.isNaN(x)) return f.nanBits;
  const negative = x < 0 || Object.is(x, -0);
  const magnitude = encodeMagnitude(f, Math.abs(x), dtype === "f4e2m1" || (options.saturate ?? f.maxBits <= 0x7f));
  if (f.unsignedZero && (magnitude === 0 || magnitude === f.nanBits)) return magnitude;
  return negative ? magnitude | (1 << (f.exponentBits + f.mantissaBits)) : magnitude;
}

/** The pattern of x >= 0 without the sign bit. */
function encodeMagnitude(f: Format, x: number, saturate: boolean): number {
  const emin = 1 - f.bias;
  const e = Math.max(exponentOf(x), emin);
  const ulp = 2 ** (e - f.mantissaBits);
  // Exact: the quotient by a power of two neither rounds nor overflows below 2⁵² ulps, and infinity stays infinity.
  const steps = x === Infinity ? Infinity : roundHalfEven(x / ulp);
  const bits = steps === Infinity ? Infinity : (e - emin) * 2 ** f.mantissaBits + steps;
  if (bits <= f.maxBits) return bits;
  if (saturate) return f.maxBits;
  return f.infBits ?? f.nanBits;
}

/** f8e8m0: the power of two 2^(bits - 127), 255 is NaN; the sign is ignored, as ONNX leaves negative values undefined. */
function encodeE8m0(x: number, options: EncodeOptions): number {
  const saturate = options.saturate ?? true;
  const magnitude = Math.abs(x);
  if (Number.isNaN(x)) return 0xff;
  if (magnitude === Infinity) return saturate ? 0xfe : 0xff;
  if (magnitude < 2 ** -127) return saturate ? 0 : 0xff;
  const e = exponentOf(magnitude);
  const fraction = magnitude / 2 ** e;
  const mode = options.roundMode ?? "up";
  const up = mode === "up" ? fraction > 1 : mode === "nearest" && fraction >= 1.5;
  const bits = e + 127 + (up ? 1 : 0);
  if (bits <= 0xfe) return bits;
  return saturate ? 0xfe : 0xff;
}

/** The value of a bit pattern of a float type of at most 32 bits. */
export function decodeFloat(dtype: DType, bits: number): number {
  if (dtype === "f32") {
    scratch.setUint32(0, bits);
    return scratch.getFloat32(0);
  }
  if (dtype === "f8e8m0") return bits === 0xff ? NaN : 2 ** (bits - 127);
  const f = formats[dtype];
  if (f === undefined) throw new TypeError(`${dtype} is not a float type of at most 32 bits`);
  const signBit = 1 << (f.exponentBits + f.mantissaBits);
  const magnitude = bits & (signBit - 1);
  if (f.unsignedZero && bits === f.nanBits) return NaN;
  const sign = bits & signBit ? -1 : 1;
  if (magnitude > f.maxBits) return magnitude === f.infBits ? sign * Infinity : NaN;
  const exponent = magnitude >> f.mantissaBits;
  const mantissa = magnitude & ((1 << f.mantissaBits) - 1);
  if (exponent === 0) return sign * mantissa * 2 ** (1 - f.bias - f.mantissaBits);
  return sign * (1 + mantissa / 2 ** f.mantissaBits) * 2 ** (exponent - f.bias);
}

/** As `encodeFloat`, but what the type has is kept: infinity stays infinity where there is one, else it becomes NaN. */
const keepingBits = (dtype: DType, x: number): number =>
  Math.abs(x) === Infinity ? encodeFloat(dtype, x, { saturate: false }) : encodeFloat(dtype, x);

/**
 * `x` rounded once to the float type `dtype`, as a number: values that the type has are unchanged. Finite values beyond the
 * range of an 8- or 4-bit type saturate; of the others they become infinity. Complex types round as their parts. Throws
 * TypeError for types that are not floats.
 */
export function roundTo(dtype: DType, x: number): number {
  if (dtype === "f64" || dtype === "c128") return x;
  if (dtype === "f32" || dtype === "c64") return Math.fround(x);
  return decodeFloat(dtype, keepingBits(dtype, x));
}

/** Values by pattern, made when first needed; at most 65,536 entries. */
const decodeTables = new Map<DType, Float32Array>();

function decodeTable(dtype: DType): Float32Array {
  const known = decodeTables.get(dtype);
  if (known !== undefined) return known;
  const table = Float32Array.from({ length: 2 ** bitsOf(dtype) }, (_, bits) => decodeFloat(dtype, bits));
  decodeTables.set(dtype, table);
  return table;
}

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
    const encode = (x: number): number => keepingBits(dtype, x);
    const patterns = width === 16 ? Uint16Array.from(data, encode) : Uint8Array.from(data, encode);
    return new Uint8Array(hostOrder(new Uint8Array(patterns.buffer), width / 8));
  }
  const part = kindOf(dtype) === "complex" ? width / 16 : width / 8;
  return new Uint8Array(hostOrder(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), part));
}

function packBits(dtype: DType, data: NumberArray, width: number): Uint8Array {
  const bytes = new Uint8Array(packedBytes(dtype, data.length));
  const perByte = 8 / width;
  const mask = (1 << width) - 1;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    const bits = dtype === "f4e2m1" ? keepingBits(dtype, value) : value & mask;
    const at = Math.floor(i / perByte);
    bytes[at] = (bytes[at] as number) | (bits << ((i % perByte) * width));
  }
  return bytes;
}
