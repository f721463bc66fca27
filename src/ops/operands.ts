/** Operands of kernels: integers that may be known when compiling, and extents that the run finds out. */
import { type Dim, sameDims, symbolName } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { type Arg, dims, ints, type Lowering, read, rust } from "../ir/plan.ts";
import { contentsIn } from "./contents.ts";
import { knownInts } from "./shape_rules.ts";

/** Longer lists stay in the weights. */
const maxInline = 64;

/** `values` as `&[T]` of an integer type; the type is written, so that an empty list has one, too. */
export const integerList = (values: readonly number[], dtype: DType = "i64"): Arg =>
  values.length === 0 ? rust(`&[0_${dtype}; 0]`) : ints(values, dtype);

/** An integer operand: its numbers where they are known, else its elements; an absent one is empty. */
export function integers(v: Value | undefined, dtype: DType = "i64"): Arg {
  if (!v) return integerList([], dtype);
  const known = knownInts(contentsIn(v));
  return known && known.length <= maxInline ? integerList(known, tensorOf(v).dtype) : read(v);
}

/** `values` as `&[usize]`. */
export const indexList = (values: readonly number[]): Arg => ints(values, "usize");

/** The axes of `y` whose extents this operation finds out itself, in the order of its fresh sizes. */
export function freshAxes(l: Lowering, y: Value): readonly number[] {
  const shape = shapeOf(y);
  return l.op.fresh.map((name) => shape.findIndex((d) => symbolName(d) === name)).filter((axis) => axis >= 0);
}

/**
 * Calls `kernel` for the extents of `y` that only the run tells, if there are any; its last argument is the list of the
 * axes asked for.
 */
export function bindExtents(l: Lowering, y: Value, kernel: string, args: readonly Arg[]): void {
  const axes = freshAxes(l, y);
  if (axes.length > 0) l.call(kernel, [...args, indexList(axes)], { fallible: true, binds: true });
}

/** Whether not even the rank of a result is known: its kernel makes a `Tensor` of the runtime, given as `grow(y)`. */
export const isUnranked = (y: Value): boolean => tensorOf(y).shape === undefined;

/** A check of the run that extents are equal that `infer` could not compare. */
export function expectExtents(l: Lowering, found: readonly Dim[], expected: readonly Dim[]): void {
  if (!sameDims(found, expected)) l.call("ops::expect_extents", [dims(found), dims(expected)], { fallible: true });
}
