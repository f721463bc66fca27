/**
 * Conversion of elements between types, as Cast, QuantizeLinear and others need it.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Cast.html. What ONNX leaves undefined is defined here, and by the runtime's
 * `Convert` alike: a float beyond the range of i32, i64 or u64 saturates; of other integers it becomes an i64 that keeps
 * its low bits (so −1.0 is 255 as u8, which is what C compilers and NumPy make of it on common machines); NaN becomes 0.
 */
import { decodeFloat, type EncodeOptions, encodeFloat, roundTo } from "../ir/bits.ts";
import { bitsOf, type DType, integerRange, isBig, isFloat, isInteger, isSigned } from "../ir/dtype.ts";
import type { Element } from "./elementwise.ts";

/** The integer that a float becomes: truncated, out of range as above. */
export function integerOf(dtype: DType, x: number): number | bigint {
  if (Number.isNaN(x)) return isBig(dtype) ? 0n : 0;
  const saturates = dtype === "i32" || isBig(dtype);
  const { min, max } = integerRange(saturates ? dtype : "i64");
  const whole = x >= Number(max) ? max : x <= Number(min) ? min : BigInt(Math.trunc(x));
  return isBig(dtype) ? whole : lowBits(dtype, whole);
}

/** The low bits of an integer as an element of up to 32 bits. */
export function lowBits(dtype: DType, x: bigint): number {
  const bits = bitsOf(dtype);
  return Number(isSigned(dtype) ? BigInt.asIntN(bits, x) : BigInt.asUintN(bits, x));
}

/** A function that converts elements of type `from` (no strings, no complex numbers) into elements of type `to`. */
export function converter(from: DType, to: DType, options: EncodeOptions = {}): (x: Element) => Element {
  if (to === "bool") return (x) => (Number(x) !== 0 ? 1 : 0);
  if (isFloat(to))
    return isBig(from) ? (x) => bigToFloat(to, BigInt(x), options) : (x) => floatOf(to, Number(x), options);
  const whole = isInteger(from) || from === "bool";
  if (!whole) return (x) => integerOf(to, Number(x));
  if (isBig(to)) return (x) => (isSigned(to) ? BigInt.asIntN(64, BigInt(x)) : BigInt.asUintN(64, BigInt(x)));
  return (x) => lowBits(to, BigInt(x));
}

/** `x` rounded once to a float type; the types of 8 bits and less saturate unless told otherwise. */
function floatOf(to: DType, x: number, options: EncodeOptions): number {
  return bitsOf(to) <= 8 ? decodeFloat(to, encodeFloat(to, x, options)) : roundTo(to, x);
}

/** An integer beyond 2⁵³, whose rest is kept as a sticky bit so that the second rounding comes out as one. */
function bigToFloat(to: DType, x: bigint, options: EncodeOptions): number {
  if (to === "f64") return Number(x);
  const magnitude = x < 0n ? -x : x;
  const excess = BigInt(Math.max(0, magnitude.toString(2).length - 53));
  const kept = magnitude >> excess;
  const sticky = kept << excess === magnitude ? kept : kept | 1n;
  const exact = Number(sticky << excess);
  return floatOf(to, x < 0n ? -exact : exact, options);
}
