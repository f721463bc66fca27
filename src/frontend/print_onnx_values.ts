/** Strings, numbers and constants in ONNX's text form. */
import { encodeFloat } from "../ir/bits.ts";
import { bitsOf, type DType, isFloat, kindOf } from "../ir/dtype.ts";
import type { Literal } from "../ir/literal.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";

/** Only the quote and the backslash are escaped: the form has no other escapes, and line ends stand for themselves. */
export const quoted = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** The shortest decimal that rounds to the f32 `x`. */
export function float32Text(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 2 ** 24) return integerText(x);
  if (!Number.isFinite(x)) return wordText(x);
  // Up to six digits, rounding and stripping zeros gives the shortest; subnormals have fewer than that.
  for (let digits = Math.abs(x) < 2 ** -126 ? 1 : 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return String(short);
  }
  return String(Number(x.toPrecision(9)));
}

const integerText = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));
const wordText = (x: number): string => (Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");
const float64Text = (x: number): string => (Number.isFinite(x) ? integerText(x) : wordText(x));

/** An f32 that cannot be read as an integer. */
export function attributeFloatText(x: number): string {
  const text = float32Text(x);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** `{…}` with all elements, or with the first `maxElements` and how many there are. */
export function constantText(literal: Literal, maxElements: number | undefined): string {
  const size = sizeOf(literal.shape);
  if (maxElements === undefined || size <= maxElements) return `{${elementTexts(literal.load()).join(",")}}`;
  if (literal.splat !== undefined) return `{… ${size} times ${elementText(literal.dtype, literal.splat)}}`;
  return `{… ${size} elements}`;
}

const elementTexts = (t: Tensor): string[] =>
  Array.from(t.data as ArrayLike<number | bigint | string>, (x) => elementText(t.dtype, x));

/** Floats of 16 bits and fewer are written as their bit patterns. */
function elementText(dtype: DType, x: number | bigint | string): string {
  if (typeof x === "string") return quoted(x);
  if (typeof x === "bigint") return String(x);
  if (dtype === "f32" || dtype === "c64") return float32Text(x);
  if (dtype === "f64" || dtype === "c128") return float64Text(x);
  return isFloat(dtype) && bitsOf(dtype) <= 16 && kindOf(dtype) === "float"
    ? String(encodeFloat(dtype, x, { saturate: false }))
    : String(x);
}
