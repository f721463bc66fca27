/**
 * Truth values: connectives with broadcasting, negation, and tests of floats.
 *
 * Source: https://onnx.ai/onnx/operators/ under the operator's name.
 */
import { attr } from "../ir/attr.ts";
import { tensorOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, rust, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { binaryOp } from "./binary.ts";
import { all, type Known, mapContents } from "./contents.ts";
import { dtypeIn, float8s, ieeeFloats, wideType } from "./elementwise.ts";
import { mapNumbers } from "./numeric.ts";
import { shapeIn } from "./shape_rules.ts";

const connective = (
  name: string,
  type: string,
  op: string,
  summary: string,
  f: (a: number, b: number) => number,
  contents: (...x: Known[]) => Known,
) =>
  binaryOp({
    name,
    type,
    summary,
    since: [1, 7],
    dtypes: ["bool"],
    f,
    rust: () => `a ${op} b`,
    contents,
    error: "exact",
  });

export const and = connective(
  "and",
  "And",
  "&",
  "Whether both are true.",
  (a, b) => a & b,
  (a, b) => (a === 0 || b === 0 ? 0 : a === 1 && b === 1 ? 1 : undefined),
);
export const or = connective(
  "or",
  "Or",
  "|",
  "Whether one or both are true.",
  (a, b) => a | b,
  (a, b) => (a === 1 || b === 1 ? 1 : a === 0 && b === 0 ? 0 : undefined),
);
export const xor = connective(
  "xor",
  "Xor",
  "^",
  "Whether one of the two is true.",
  (a, b) => a ^ b,
  all((a, b) => (typeof a === "number" && typeof b === "number" ? a ^ b : undefined)),
);

export const not = defineOp({
  name: "not",
  summary: "Negation of truth values.",
  onnx: { type: "Not", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {},
  error: "exact",
  infer({ x }, _, ctx) {
    const type = tensorType(dtypeIn(x, "x", ["bool"], ctx), shapeIn(x, "x", ctx));
    return [mapContents(type, [x], (v) => (typeof v === "number" ? 1 - v : undefined))];
  },
  evaluate({ x }) {
    return [mapNumbers("bool", [x], (v) => 1 - v)];
  },
  lower({ x }, _, l) {
    l.call("ops::unary", [rust("|x: bool| !x"), read(x), write(l.output(0))]);
  },
});

const testedFloats = [...ieeeFloats, ...float8s];

export const isNan = defineOp({
  name: "is_nan",
  summary: "Whether an element is NaN.",
  onnx: { type: "IsNaN", since: [9, 13, 20] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {},
  error: "exact",
  infer({ x }, _, ctx) {
    dtypeIn(x, "x", testedFloats, ctx);
    return [tensorType("bool", shapeIn(x, "x", ctx))];
  },
  evaluate({ x }) {
    return [mapNumbers("bool", [x], (v) => Number(Number.isNaN(v)))];
  },
  lower({ x }, _, l) {
    l.call("ops::unary", [rust(`|x: ${wideType(tensorOf(x).dtype)}| x.is_nan()`), read(x), write(l.output(0))]);
  },
});

export const isInf = defineOp({
  name: "is_inf",
  summary: "Whether an element is infinite, of the signs asked for.",
  onnx: { type: "IsInf", since: [10, 20] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { detect_negative: attr.bool(true), detect_positive: attr.bool(true) },
  error: "exact",
  infer({ x }, _, ctx) {
    dtypeIn(x, "x", testedFloats, ctx);
    return [tensorType("bool", shapeIn(x, "x", ctx))];
  },
  evaluate({ x }, { detect_negative, detect_positive }) {
    const test = (v: number): boolean => (v === Infinity && detect_positive) || (v === -Infinity && detect_negative);
    return [mapNumbers("bool", [x], (v) => Number(test(v)))];
  },
  lower({ x }, { detect_negative, detect_positive }, l) {
    const wide = wideType(tensorOf(x).dtype);
    const tests: Record<string, string> = {
      "true true": `|x: ${wide}| x.is_infinite()`,
      "true false": `|x: ${wide}| x == ${wide}::NEG_INFINITY`,
      "false true": `|x: ${wide}| x == ${wide}::INFINITY`,
      "false false": `|_: ${wide}| false`,
    };
    l.call("ops::unary", [rust(tests[`${detect_negative} ${detect_positive}`] as string), read(x), write(l.output(0))]);
  },
});

export const logical = [and, or, xor, not, isNan, isInf];
