/** What becomes of the scores of trees, linear models and support vector machines. */
import { type Arg, struct } from "../ir/plan.ts";

export const postTransforms = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"] as const;
export type PostTransform = (typeof postTransforms)[number];

export const transformArg = (transform: PostTransform): Arg =>
  struct(
    `ops::PostTransform::${{ NONE: "None", SOFTMAX: "Softmax", LOGISTIC: "Logistic", SOFTMAX_ZERO: "SoftmaxZero", PROBIT: "Probit" }[transform]}`,
  );

export const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** `√2·erf⁻¹(2x − 1)` by Winitzki's approximation, as in other runtimes. */
function probit(x: number): number {
  const y = 2 * x - 1;
  const log = Math.log((1 - y) * (1 + y));
  const v = 2 / (Math.PI * 0.147) + 0.5 * log;
  const root = Math.sqrt(-v + Math.sqrt(v * v - log / 0.147));
  return Math.SQRT2 * (y < 0 ? -root : root);
}

/** A row of scores, transformed. */
export function transformed(transform: PostTransform, row: readonly number[]): number[] {
  const max = Math.max(...row);
  switch (transform) {
    case "NONE":
      return [...row];
    case "LOGISTIC":
      return row.map(logistic);
    case "PROBIT":
      return row.map(probit);
    case "SOFTMAX": {
      const e = row.map((x) => Math.exp(x - max));
      const sum = e.reduce((a, b) => a + b, 0);
      return e.map((x) => x / sum);
    }
    case "SOFTMAX_ZERO": {
      // Scores of 0 stay 0.
      const e = row.map((x) => (Math.abs(x) > 1e-7 ? Math.exp(x - max) : x * Math.exp(-max)));
      const sum = e.reduce((a, x, i) => (Math.abs(row[i] as number) > 1e-7 ? a + x : a), 0);
      return sum > 0 ? e.map((x) => x / sum) : row.map(() => 0.5);
    }
  }
}

/** Number of the greatest, the first of equal ones. */
export const argmax = (row: readonly number[]): number =>
  row.reduce((best, x, i) => (x > (row[best] as number) ? i : best), 0);

/** Scores of two classes from the one score `s`: untransformed `1 − s, s` if it is a share, else `−s, s`. */
export function pairScores(transform: PostTransform, s: number, isShare: boolean): number[] {
  const rest = transform === "PROBIT" || (transform === "NONE" && isShare) ? 1 - s : -s;
  return transformed(transform, [rest, s]);
}
