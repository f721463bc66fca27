/**
 * Where a slice begins and how long it is, over extents that may be expressions.
 *
 * The results are exact, with `min` where an end may lie outside of the axis: `x[:5]` of an axis of extent N has
 * `min(5, N)` entries and `x[2:]` has `N - min(2, N)`, which never goes below zero on the way. One case is taken to be
 * shorter: an axis has at least one entry, so that `x[1:]` and `x[:-1]` have `N - 1`.
 */
import { add, ceilDiv, type Dim, type DimExpr, isStatic, min, sub } from "../ir/dim.ts";
import { isNonNegative } from "./contents.ts";

export interface AxisSlice {
  /** The first index; where the step is negative, one more than it. */
  readonly origin: Dim;
  readonly extent: Dim;
}

/** Exporters write "to the end" and "from the beginning" as the ends of i32 or i64. */
const far = 2 ** 31 - 1;

/**
 * The part of an axis of `extent` from `start` to `end` (exclusive) by `step`, as in Python. Undefined where the sign of a
 * symbolic end is not known.
 */
export function sliceAxis(extent: Dim, start: Dim, end: Dim, step: number): AxisSlice | undefined {
  // With a negative step both ends are counted as the number of entries below and at them.
  const bias = step < 0 ? 1 : 0;
  const from = place(start, extent, bias);
  const to = place(end, extent, bias);
  if (from === undefined || to === undefined) return undefined;
  const high = atMost(step < 0 ? from : to, extent);
  const low = step < 0 ? to : from;
  if (high === 0) return { origin: 0, extent: 0 };
  return {
    origin: step < 0 ? high : low,
    // Both are counts: 0 is never the larger.
    extent: ceilDiv(sub(high, low === 0 ? 0 : atMost(low, high)), Math.abs(step)),
  };
}

/** An end, plus `bias`, as a count from the front that is not negative. */
function place(at: Dim, extent: Dim, bias: number): Dim | undefined {
  if (isStatic(at)) {
    if (at >= far) return extent;
    if (at <= -far) return 0;
    return at >= 0 ? at + bias : without(extent, -at - bias);
  }
  return isCount(at) ? add(at, bias) : undefined;
}

/** `max(extent - count, 0)`. */
function without(extent: Dim, count: number): Dim {
  const rest = sub(extent, count);
  if (isStatic(rest)) return Math.max(rest, 0);
  return isCount(rest) ? rest : sub(extent, min(count, extent));
}

/** The smaller of the two, by whatever is known of their difference. */
export function atMost(a: Dim, b: Dim): Dim {
  if (isCount(sub(b, a))) return a;
  return isCount(sub(a, b)) ? b : min(a, b);
}

/** Cannot be negative, given that extents are at least 1. */
function isCount(d: Dim): boolean {
  if (isStatic(d) || isNonNegative(d)) return isNonNegative(d);
  const constant = d.terms.find((t) => t.atoms.length === 0)?.coefficient ?? 0;
  const rest = sub(d, constant) as DimExpr;
  // One term is taken to be at least its coefficient, not all: of `past + new` one may be 0.
  const least = Math.max(...rest.terms.map((t) => (t.atoms.every((a) => a.kind === "symbol") ? t.coefficient : 0)));
  return isNonNegative(rest) && constant >= -least;
}
