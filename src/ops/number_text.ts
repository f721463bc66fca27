/** Numbers as decimal text and back, as Cast does with strings. */
import { type DType, isFloat } from "../ir/dtype.ts";
import type { Element } from "./elementwise.ts";

/**
 * An element as text: integers in full, floats with the fewest digits that read back (f16 and narrower as f32), without
 * exponent; `NaN`, `INF`, `-INF`. Truth values are 1 and 0.
 */
export function numberText(dtype: DType, x: Element): string {
  if (typeof x !== "number" || !isFloat(dtype)) return String(x);
  if (Number.isNaN(x)) return "NaN";
  if (Math.abs(x) === Infinity) return x > 0 ? "INF" : "-INF";
  const digits = withoutExponent(dtype === "f64" ? String(Math.abs(x)) : shortest32(Math.abs(x)));
  return x < 0 || Object.is(x, -0) ? `-${digits}` : digits;
}

function shortest32(x: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = x.toPrecision(digits);
    if (Math.fround(Number(text)) === x) return String(Number(text));
  }
  return String(Number(x.toPrecision(9)));
}

function withoutExponent(text: string): string {
  const [mantissa, exponent] = text.split("e");
  if (exponent === undefined) return text;
  const [whole, fraction = ""] = (mantissa as string).split(".");
  const digits = whole + fraction;
  const point = (whole as string).length + Number(exponent);
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  return point >= digits.length ? digits.padEnd(point, "0") : `${digits.slice(0, point)}.${digits.slice(point)}`;
}

/**
 * The number that `text` says, a BigInt where it is a whole number of up to 38 digits. Throws RangeError for anything that
 * is no decimal number, INF or NaN (in any case, with a sign or without, spaces around it).
 */
export function parseNumber(text: string): number | bigint {
  const s = text.trim().toLowerCase();
  if (/^[+-]?\d{1,38}$/.test(s)) return BigInt(s.replace("+", ""));
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(s)) return Number(s);
  if (/^[+-]?nan$/.test(s)) return Number.NaN;
  if (/^[+-]?inf(inity)?$/.test(s)) return s.startsWith("-") ? -Infinity : Infinity;
  throw new RangeError(`"${text}" is not a number`);
}
