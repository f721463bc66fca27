/** The last step of quantised operators: scaled sums to 8 bits. */
import { type DType, integerRange, isInteger } from "../ir/dtype.ts";
import type { Value } from "../ir/graph.ts";
import type { InferContext } from "../ir/op_def.ts";
import { agree, shapeIn } from "./shape_rules.ts";

/** Round `x`, add the zero point and saturate; 8-bit floats are only rounded to their type. */
export function saturated(dtype: DType, x: number, zero: number, round: (dtype: DType, x: number) => number): number {
  if (!isInteger(dtype)) return round(dtype, x + zero);
  const { min, max } = integerRange(dtype);
  return Math.min(Math.max(roundHalfEven(x) + zero, Number(min)), Number(max));
}

/** The nearest integer, ties to even. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return rest < 0.5 ? below : below + 1;
}

/** Scales and zero points of results have one element. */
export function oneElement(v: Value, what: string, ctx: Pick<InferContext, "fail">): void {
  for (const d of shapeIn(v, what, ctx)) agree(1, d, `extent of ${what}`, ctx);
}
