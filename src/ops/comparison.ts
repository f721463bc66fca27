/**
 * Comparisons of two arrays with broadcasting: a row per operator, see `binary.ts`. With NaN all are false.
 *
 * Source: https://onnx.ai/onnx/operators/ under the operator's name. LessOrEqual and GreaterOrEqual are functions in ONNX
 * (a comparison or an equality), which is what the kernels compute.
 */
import * as dim from "../ir/dim.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import type { Lowering } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { binaryOp, inferBroadcast } from "./binary.ts";
import { all, isNonNegative, type Known, mapContents } from "./contents.ts";
import { expectBroadcast, lowerBinary, mapElements, numeric, operand, result } from "./elementwise.ts";
import { sinceSeven } from "./legacy_broadcast.ts";

type Test = (a: number | bigint, b: number | bigint) => boolean;

const comparison = (name: string, type: string, since: readonly number[], op: string, summary: string, test: Test) =>
  binaryOp({
    name,
    type,
    since,
    summary,
    dtypes: numeric,
    result: "bool",
    f: (a, b) => Number(test(a, b)),
    integer: (a, b) => (test(a, b) ? 1n : 0n),
    rust: () => `a ${op} b`,
    contents: all((a, b) => compared(a as dim.Dim, b as dim.Dim, test)),
    error: "exact",
  });

/** Known where the difference is a number, whatever the sizes are. */
function compared(a: dim.Dim, b: dim.Dim, test: Test): Known {
  const difference = dim.sub(a, b);
  return typeof difference === "number" ? Number(test(difference, 0)) : undefined;
}

export const less = comparison("less", "Less", [1, 7, 9, 13], "<", "Whether a < b.", (a, b) => a < b);
export const greater = comparison("greater", "Greater", [1, 7, 9, 13], ">", "Whether a > b.", (a, b) => a > b);
export const lessOrEqual = comparison(
  "less_or_equal",
  "LessOrEqual",
  [12, 16],
  "<=",
  "Whether a ≤ b.",
  (a, b) => a <= b,
);
export const greaterOrEqual = comparison(
  "greater_or_equal",
  "GreaterOrEqual",
  [12, 16],
  ">=",
  "Whether a ≥ b.",
  (a, b) => a >= b,
);

export const equal = defineOp({
  name: "equal",
  summary: "Whether a and b are equal; also for strings and truth values.",
  onnx: { type: "Equal", since: [1, 7, 11, 13, 19], adapt: sinceSeven },
  inputs: { a: "required", b: "required" },
  outputs: { c: "required" },
  attrs: {},
  error: "exact",

  infer({ a, b }, _, ctx) {
    const { shape } = inferBroadcast([a, b], [...numeric, "bool", "string"], ctx);
    return [mapContents(tensorType("bool", shape), [a, b], all(equality))];
  },

  evaluate({ a, b }) {
    return [mapElements("bool", [a, b], (x, y) => Number(x === y))];
  },

  lower({ a, b }, _, l) {
    const c = l.output(0);
    if (tensorOf(a).dtype === "string") equalStrings(l, a, b, c);
    else lowerBinary(l, [a, b], c, () => "a == b");
  },
});

function equalStrings(l: Lowering, a: Value, b: Value, c: Value): void {
  expectBroadcast(l, [a, b], c);
  l.call("ops::equal", [...operand(a), ...operand(b), ...result(c)]);
}

/** A size is never negative, so it differs from −1 whatever it is. */
function equality(a: dim.Dim, b: dim.Dim): Known {
  const difference = dim.sub(a, b);
  if (typeof difference === "number") return Number(difference === 0);
  const apart = (x: dim.Dim, y: dim.Dim): boolean => typeof x === "number" && x < 0 && isNonNegative(y);
  return apart(a, b) || apart(b, a) ? 0 : undefined;
}

export const comparisons = [equal, less, greater, lessOrEqual, greaterOrEqual];
