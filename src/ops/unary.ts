/**
 * Elementwise functions of one array: a row per operator. `y[i] = f(x[i])`, in the element type's own arithmetic and
 * rounded once.
 *
 * NaN gives NaN; outside of a function's domain the result is NaN; integers wrap (the absolute value of the least is
 * itself). Source: https://onnx.ai/onnx/operators/ under the operator's name.
 */
import * as dim from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { isInteger } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { applyFn, constant, evaluateMap, input, type MapExpr, type MapFn } from "../ir/map_expr.ts";
import { type AttrSpecs, type AttrsOf, defineOp, type OnnxBinding, type OpDef } from "../ir/op_def.ts";
import { read, rust, write } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { all, mapContents } from "./contents.ts";
import {
  dtypeIn,
  ieeeFloats,
  integers,
  isFloatType,
  isUnsignedType,
  lowerMap,
  mapElements,
  numeric,
  signedIntegers,
  wideType,
} from "./elementwise.ts";
import { mapNumbers } from "./numeric.ts";
import { shapeIn } from "./shape_rules.ts";

export interface UnaryRow<X extends string, Y extends string, A extends AttrSpecs> {
  readonly name: string;
  readonly type: string;
  readonly since: readonly number[];
  readonly adapt?: OnnxBinding["adapt"];
  readonly summary: string;
  /** ONNX's names of input and output. */
  readonly input: X;
  readonly output: Y;
  readonly attrs: A;
  readonly dtypes: readonly DType[];
  /** The function over input 0, for f32, where fused loops have it. Serves as reference, too, unless `f` is given. */
  readonly map?: (attrs: AttrsOf<A>) => MapExpr;
  readonly f?: (x: number, attrs: AttrsOf<A>) => number;
  /** The function of integers; the result wraps. */
  readonly integer?: (x: bigint, attrs: AttrsOf<A>) => bigint;
  /** Rust over `x` of a wide type, or the kernel where no short expression says it. */
  readonly rust: (wide: string, attrs: AttrsOf<A>) => string | { readonly kernel: string };
  /** What happens to known elements of shapes. */
  readonly contents?: (d: dim.Dim) => dim.Dim | undefined;
  readonly error: string;
}

/** The operator of a row. */
export function unaryOp<const X extends string, const Y extends string, const A extends AttrSpecs>(
  row: UnaryRow<X, Y, A>,
): OpDef<Record<X, "required">, Record<Y, "required">, A> {
  const only = <T>(inputs: object): T => (inputs as Record<string, T>)[row.input] as T;
  return defineOp<Record<X, "required">, Record<Y, "required">, A>({
    name: row.name,
    summary: row.summary,
    onnx: { type: row.type, since: row.since, ...(row.adapt && { adapt: row.adapt }) },
    inputs: { [row.input]: "required" } as Record<X, "required">,
    outputs: { [row.output]: "required" } as Record<Y, "required">,
    attrs: row.attrs,
    error: row.error,

    infer(inputs, _, ctx) {
      const x = only<Value>(inputs);
      const type = tensorType(dtypeIn(x, row.input, row.dtypes, ctx), shapeIn(x, row.input, ctx));
      return [row.contents ? mapContents(type, [x], all(row.contents)) : type];
    },

    evaluate(inputs, attrs) {
      const x = only<Tensor>(inputs);
      const { integer } = row;
      if (integer && isInteger(x.dtype)) return [mapElements(x.dtype, [x], (v) => integer(BigInt(v), attrs))];
      const expr = row.map?.(attrs);
      const f = row.f ?? ((v: number) => evaluateMap(expr as MapExpr, [v]));
      return [mapNumbers(x.dtype, [x], (v) => f(v, attrs))];
    },

    lower(inputs, attrs, l) {
      const x = only<Value>(inputs);
      const y = l.output(0);
      const { dtype } = tensorOf(x);
      if (row.map && dtype === "f32") return lowerMap(l, row.map(attrs), [x], y);
      const wide = wideType(dtype);
      const body = row.rust(wide, attrs);
      if (typeof body === "object") l.call(body.kernel, [read(x), write(y)]);
      else l.call("ops::unary", [rust(`|x: ${wide}| ${body}`), read(x), write(y)]);
    },
  });
}

const x = input(0);
const fn = (name: MapFn) => () => applyFn(name, x);
/** `x.name()` of Rust's floats. */
const method = (name: string) => () => `x.${name}()`;

type Given = Omit<UnaryRow<string, string, Record<string, never>>, "input" | "output" | "attrs" | "dtypes"> &
  Partial<Pick<UnaryRow<string, string, Record<string, never>>, "dtypes">>;
/** Operators whose operands ONNX calls `X` and `Y`. */
const xy = (row: Given) => unaryOp({ dtypes: ieeeFloats, ...row, input: "x", output: "y", attrs: {} });
/** Operators whose operands ONNX calls `input` and `output`. */
const io = (row: Given) => unaryOp({ dtypes: ieeeFloats, ...row, input: "input", output: "output", attrs: {} });

const libm = "≤ 2 ulp";

const magnitude = (a: bigint): bigint => (a < 0n ? -a : a);

export const abs = xy({
  name: "abs",
  type: "Abs",
  since: [1, 6, 13],
  summary: "Absolute value.",
  dtypes: numeric,
  map: fn("abs"),
  integer: magnitude,
  rust: (t) => (isFloatType(t) ? "x.abs()" : isUnsignedType(t) ? "x" : "x.wrapping_abs()"),
  contents: (d) => (typeof d === "number" ? Math.abs(d) : undefined),
  error: "exact",
});
export const neg = xy({
  name: "neg",
  type: "Neg",
  since: [1, 6, 13],
  summary: "Negation.",
  dtypes: [...ieeeFloats, ...signedIntegers],
  map: fn("neg"),
  integer: (v) => -v,
  rust: (t) => (isFloatType(t) ? "-x" : "x.wrapping_neg()"),
  contents: (d) => dim.sub(0, d),
  error: "exact",
});
export const sign = io({
  name: "sign",
  type: "Sign",
  since: [9, 13],
  summary: "1, 0 or −1 by the sign; NaN stays.",
  dtypes: numeric,
  map: () => applyFn("ifLess", x, constant(0), constant(-1), applyFn("ifLess", constant(0), x, constant(1), x)),
  integer: (v) => (v > 0n ? 1n : v < 0n ? -1n : 0n),
  rust: (t) => {
    if (isFloatType(t)) return "if x == 0.0 || x.is_nan() { x } else { x.signum() }";
    return isUnsignedType(t) ? "x.min(1)" : "x.signum()";
  },
  error: "exact",
});
export const ceil = xy({
  name: "ceil",
  type: "Ceil",
  since: [1, 6, 13],
  summary: "Smallest integer not below.",
  map: fn("ceil"),
  rust: method("ceil"),
  error: "exact",
});
export const floor = xy({
  name: "floor",
  type: "Floor",
  since: [1, 6, 13],
  summary: "Largest integer not above.",
  map: fn("floor"),
  rust: method("floor"),
  error: "exact",
});
export const round = xy({
  name: "round",
  type: "Round",
  since: [11, 22],
  summary: "Nearest integer, halves to even.",
  map: fn("round"),
  rust: method("round_ties_even"),
  error: "exact",
});
export const reciprocal = xy({
  name: "reciprocal",
  type: "Reciprocal",
  since: [1, 6, 13],
  summary: "`1 / x`.",
  map: fn("reciprocal"),
  rust: method("recip"),
  error: "correctly rounded",
});
export const sqrt = xy({
  name: "sqrt",
  type: "Sqrt",
  since: [1, 6, 13],
  summary: "Square root.",
  map: fn("sqrt"),
  rust: method("sqrt"),
  error: "correctly rounded",
});
export const exp = io({
  name: "exp",
  type: "Exp",
  since: [1, 6, 13],
  summary: "eˣ.",
  map: fn("exp"),
  rust: method("exp"),
  error: libm,
});
export const log = io({
  name: "log",
  type: "Log",
  since: [1, 6, 13],
  summary: "Natural logarithm; −∞ at 0.",
  map: fn("log"),
  rust: method("ln"),
  error: libm,
});
export const sin = io({
  name: "sin",
  type: "Sin",
  since: [7, 22],
  summary: "Sine.",
  map: fn("sin"),
  rust: method("sin"),
  error: libm,
});
export const cos = io({
  name: "cos",
  type: "Cos",
  since: [7, 22],
  summary: "Cosine.",
  map: fn("cos"),
  rust: method("cos"),
  error: libm,
});
export const tan = io({
  name: "tan",
  type: "Tan",
  since: [7, 22],
  summary: "Tangent.",
  map: fn("tan"),
  rust: method("tan"),
  error: libm,
});
export const asin = io({
  name: "asin",
  type: "Asin",
  since: [7, 22],
  summary: "Inverse sine, −π/2 … π/2.",
  f: Math.asin,
  rust: method("asin"),
  error: libm,
});
export const acos = io({
  name: "acos",
  type: "Acos",
  since: [7, 22],
  summary: "Inverse cosine, 0 … π.",
  f: Math.acos,
  rust: method("acos"),
  error: libm,
});
export const atan = io({
  name: "atan",
  type: "Atan",
  since: [7, 22],
  summary: "Inverse tangent, −π/2 … π/2.",
  f: Math.atan,
  rust: method("atan"),
  error: libm,
});
export const sinh = io({
  name: "sinh",
  type: "Sinh",
  since: [9, 22],
  summary: "Hyperbolic sine.",
  f: Math.sinh,
  rust: method("sinh"),
  error: libm,
});
export const cosh = io({
  name: "cosh",
  type: "Cosh",
  since: [9, 22],
  summary: "Hyperbolic cosine.",
  f: Math.cosh,
  rust: method("cosh"),
  error: libm,
});
export const tanh = io({
  name: "tanh",
  type: "Tanh",
  since: [1, 6, 13],
  summary: "Hyperbolic tangent.",
  map: fn("tanh"),
  rust: method("tanh"),
  error: libm,
});
/** The single-precision formulas lose digits near 0 (asinh, atanh) and 1 (acosh), so f32 goes through f64. */
const throughF64 = (name: string) => (t: string) => (t === "f64" ? `x.${name}()` : `f64::from(x).${name}() as f32`);
export const asinh = io({
  name: "asinh",
  type: "Asinh",
  since: [9, 22],
  summary: "Inverse hyperbolic sine.",
  f: Math.asinh,
  rust: throughF64("asinh"),
  error: libm,
});
export const acosh = io({
  name: "acosh",
  type: "Acosh",
  since: [9, 22],
  summary: "Inverse hyperbolic cosine; NaN below 1.",
  f: Math.acosh,
  rust: throughF64("acosh"),
  error: libm,
});
export const atanh = io({
  name: "atanh",
  type: "Atanh",
  since: [9, 22],
  summary: "Inverse hyperbolic tangent; ±∞ at ±1.",
  f: Math.atanh,
  rust: throughF64("atanh"),
  error: libm,
});
export const erf = io({
  name: "erf",
  type: "Erf",
  since: [9, 13],
  summary: "The error function, 2/√π · ∫₀ˣ e^(−t²) dt.",
  map: fn("erf"),
  rust: () => ({ kernel: "ops::erf" }),
  error: "≤ 2 ulp; f64 ≤ 1e-15 absolute",
});
export const sigmoid = xy({
  name: "sigmoid",
  type: "Sigmoid",
  since: [1, 6, 13],
  summary: "Logistic function, 1 / (1 + e⁻ˣ).",
  map: fn("sigmoid"),
  rust: () => "1.0 / (1.0 + (-x).exp())",
  error: "≤ 3 ulp",
});
export const softplus = xy({
  name: "softplus",
  type: "Softplus",
  since: [1, 22],
  summary: "ln(1 + eˣ), without overflow.",
  map: fn("softplus"),
  rust: () => "x.max(0.0) + (-x.abs()).exp().ln_1p()",
  error: "≤ 3 ulp",
});
export const softsign = io({
  name: "softsign",
  type: "Softsign",
  since: [1, 22],
  summary: "x / (1 + |x|).",
  map: () => applyFn("div", x, applyFn("add", constant(1), applyFn("abs", x))),
  rust: () => "x / (1.0 + x.abs())",
  error: "≤ 2 ulp",
});
export const bitwiseNot = xy({
  name: "bitwise_not",
  type: "BitwiseNot",
  since: [18],
  summary: "All bits inverted.",
  dtypes: integers,
  integer: (v) => ~v,
  rust: () => "!x",
  error: "exact",
});

export const unary = [
  ...[abs, neg, ceil, floor, round, reciprocal, sqrt, sigmoid, softplus, bitwiseNot],
  ...[sign, exp, log, sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh, erf, softsign],
];
