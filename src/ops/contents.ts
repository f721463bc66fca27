/**
 * Arithmetic on what is known of small integer tensors when compiling: the elements of shapes, axes and sizes, as numbers
 * or as expressions over symbolic extents.
 */
import { exactNumbers } from "../ir/builder.ts";
import type { Atom, Dim } from "../ir/dim.ts";
import type { Contents, Value } from "../ir/graph.ts";
import type { Inferred } from "../ir/op_def.ts";
import { sizeOf } from "../ir/tensor.ts";
import type { TensorType } from "../ir/types.ts";

/** Lists longer than this are data, not shapes. */
const maxContents = 256;

export type Known = Dim | undefined;

/** What is known of an operand's elements: `contents`, or those of a small constant of integers or truth values. */
export function contentsIn(v: Value): Contents | undefined {
  const { literal } = v;
  if (v.contents || !literal) return v.contents;
  const small = literal.shape.length <= 1 && sizeOf(literal.shape) <= maxContents;
  const exact = /^([iu](8|16|32|64)|bool)$/.test(literal.dtype);
  return small && exact ? exactNumbers(literal.load()) : undefined;
}

/**
 * The inferred result of an elementwise operator: `type`, and the elements where `f` gives them. Numbers that the element
 * type cannot hold, where the run wraps around, count as not known.
 */
export function mapContents(type: TensorType, operands: readonly Value[], f: (...x: Known[]) => Known): Inferred {
  const { shape, dtype } = type;
  if (!shape || shape.length > 1 || !(dtype === "i64" || dtype === "i32" || dtype === "bool")) return type;
  const length = shape[0] ?? 1;
  if (typeof length !== "number" || length > maxContents) return type;
  const known = operands.map(contentsIn);
  if (known.every((c) => c === undefined)) return type;
  const contents = Array.from({ length }, (_, i) =>
    fitting(dtype, f(...known.map((c) => c?.[c.length === 1 ? 0 : i]))),
  );
  return contents.some((c) => c !== undefined) ? { type, contents } : type;
}

function fitting(dtype: "i64" | "i32" | "bool", x: Known): Known {
  if (typeof x !== "number") return dtype === "bool" ? undefined : x;
  const fits = dtype === "i32" ? x === (x | 0) : Number.isSafeInteger(x);
  return fits ? x : undefined;
}

/** For rules that need all operands: undefined where one is. */
export const all =
  <A extends Dim[]>(f: (...x: A) => Known) =>
  (...x: Known[]): Known =>
    x.every((d) => d !== undefined) ? f(...(x as A)) : undefined;

/** Can `d` never be below zero? Sizes are not; differences may be. */
export function isNonNegative(d: Dim): boolean {
  if (typeof d === "number") return d >= 0;
  return d.terms.every((t) => t.coefficient >= 0 && t.atoms.every(isNonNegativeAtom));
}

function isNonNegativeAtom(atom: Atom): boolean {
  if (atom.kind === "symbol" || atom.kind === "broadcast") return true;
  const [a, b] = [isNonNegative(atom.a), isNonNegative(atom.b)];
  return atom.kind === "max" ? a || b : a && b;
}
