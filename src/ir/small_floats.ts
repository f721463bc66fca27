/**
 * The small floats: f16, bf16, the 8-bit formats, e8m0 and e2m1, as bit patterns and rounded values.
 *
 * Sources: IEEE 754-2019; ONNX "Float stored in 8 bits" and the tables of the operator Cast (versions 19 to 25); OCP
 * Microscaling Formats 1.0 (e8m0, e2m1). All conversions start from a JavaScript number, so each rounds exactly once.
 */
import { bitsOf, type DType } from "./dtype.ts";

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

/** True for the types of at most 16 bits. */
export const isSmallFloat = (dtype: DType): boolean => formats[dtype] !== undefined || dtype === "f8e8m0";

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
export const keepingBits = (dtype: DType, x: number): number =>
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

/** The values of all patterns of a small float type, by pattern. */
export function decodeTable(dtype: DType): Float32Array {
  const known = decodeTables.get(dtype);
  if (known !== undefined) return known;
  const table = Float32Array.from({ length: 2 ** bitsOf(dtype) }, (_, bits) => decodeFloat(dtype, bits));
  decodeTables.set(dtype, table);
  return table;
}

/**
 * The patterns of f32 values, each as `keepingBits` gives it, some fifty times faster: by integer arithmetic on the bits.
 * f8e8m0 and subnormal f32 values take the slow way.
 */
export function encodeAll(dtype: DType, values: Float32Array): Uint8Array | Uint16Array {
  const patterns = bitsOf(dtype) === 16 ? new Uint16Array(values.length) : new Uint8Array(values.length);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const f = formats[dtype];
  for (let i = 0; i < values.length; i++) {
    const exponent = ((bits[i] as number) >>> 23) & 0xff;
    patterns[i] =
      f === undefined || exponent === 0 || exponent === 0xff
        ? keepingBits(dtype, values[i] as number)
        : encodeNormal(f, bits[i] as number, exponent);
  }
  return patterns;
}

/** The pattern for the normal f32 with these bits, saturating where `encodeFloat` does so by default. */
function encodeNormal(f: Format, bits: number, exponent: number): number {
  const e = exponent - 127 + f.bias;
  const isNormal = e > 0;
  const mantissa = isNormal ? bits & 0x7fffff : (bits & 0x7fffff) | 0x800000;
  const shift = 23 - f.mantissaBits + (isNormal ? 0 : 1 - e);
  // From 25 bits on nothing is left, and JavaScript's shifts would soon wrap around.
  const half = shift >= 25 ? 0 : (mantissa + (1 << (shift - 1)) - 1 + ((mantissa >>> shift) & 1)) >>> shift;
  const magnitude = (isNormal ? e << f.mantissaBits : 0) + half;
  const kept = magnitude <= f.maxBits ? magnitude : f.maxBits <= 0x7f ? f.maxBits : (f.infBits ?? f.nanBits);
  if (bits >>> 31 === 0 || (f.unsignedZero && kept === 0)) return kept;
  return kept | (1 << (f.exponentBits + f.mantissaBits));
}
