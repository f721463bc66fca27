/**
 * Activation functions: elementwise functions of one array, with parameters. A row per operator, see `unary.ts`.
 *
 * Source: https://onnx.ai/onnx/operators/ under the operator's name. Where ONNX's function body subtracts 1 from eˣ, the
 * kernels use expm1, which agrees with it and is exact near 0.
 */
import { attr } from "../ir/attr.ts";
import * as dim from "../ir/dim.ts";
import { applyFn, constant, input, type MapExpr } from "../ir/map_expr.ts";
import type { ImportNode } from "../ir/op_def.ts";
import { floatText } from "../ir/plan.ts";
import { ieeeFloats, isFloatType, isUnsignedType, numeric, signedIntegers, widthOf } from "./elementwise.ts";
import { unaryOp } from "./unary.ts";

const x = input(0);
const zero = constant(0);
const add = (a: MapExpr, b: MapExpr): MapExpr => applyFn("add", a, b);
const mul = (a: MapExpr, b: MapExpr): MapExpr => applyFn("mul", a, b);
const clamp01 = (a: MapExpr): MapExpr => applyFn("max", zero, applyFn("min", constant(1), a));
/** `b` where x < 0, else `c`. */
const ifNegative = (b: MapExpr, c: MapExpr): MapExpr => applyFn("ifLess", x, zero, b, c);
/** A Rust literal of the attribute `v`. */
const lit = (v: number, wide: string): string => floatText(v, wide === "f64" ? "f64" : "f32");

/** ONNX's defaults are f32. */
const f32 = Math.fround;

export const relu = unaryOp({
  name: "relu",
  type: "Relu",
  since: [1, 6, 13, 14],
  summary: "The greater of x and 0.",
  input: "x",
  output: "y",
  attrs: {},
  dtypes: [...ieeeFloats, ...signedIntegers],
  map: () => applyFn("max", x, zero),
  integer: (v) => (v > 0n ? v : 0n),
  rust: (t) => (isFloatType(t) ? "if x < 0.0 { 0.0 } else { x }" : "x.max(0)"),
  contents: (d) => dim.max(d, 0),
  error: "exact",
});

export const leakyRelu = unaryOp({
  name: "leaky_relu",
  type: "LeakyRelu",
  since: [1, 6, 16],
  summary: "x, times alpha below 0.",
  input: "x",
  output: "y",
  attrs: { alpha: attr.float(f32(0.01)) },
  dtypes: ieeeFloats,
  map: ({ alpha }) => ifNegative(mul(constant(alpha), x), x),
  rust: (t, { alpha }) => `if x < 0.0 { ${lit(alpha, t)} * x } else { x }`,
  error: "correctly rounded",
});

export const elu = unaryOp({
  name: "elu",
  type: "Elu",
  since: [1, 6, 22],
  summary: "x, and alpha · (eˣ − 1) below 0.",
  input: "x",
  output: "y",
  attrs: { alpha: attr.float(1) },
  dtypes: ieeeFloats,
  map: ({ alpha }) => ifNegative(mul(constant(alpha), applyFn("expm1", x)), x),
  rust: (t, { alpha }) => `if x < 0.0 { ${lit(alpha, t)} * x.exp_m1() } else { x }`,
  error: "≤ 3 ulp",
});

export const selu = unaryOp({
  name: "selu",
  type: "Selu",
  since: [1, 6, 22],
  adapt: (node, version) => (version === 1 ? withDefaults(node, { alpha: 1.6732, gamma: 1.0507 }) : node),
  summary: "gamma · (x, and alpha · (eˣ − 1) below 0).",
  input: "x",
  output: "y",
  attrs: { alpha: attr.float(f32(1.6732631921768188)), gamma: attr.float(f32(1.0507010221481323)) },
  dtypes: ieeeFloats,
  map: ({ alpha, gamma }) => ifNegative(mul(constant(alpha * gamma), applyFn("expm1", x)), mul(constant(gamma), x)),
  rust: (t, { alpha, gamma }) => `if x < 0.0 { ${lit(alpha * gamma, t)} * x.exp_m1() } else { ${lit(gamma, t)} * x }`,
  error: "≤ 4 ulp",
});

/** The node with attributes that it lacks, for versions whose defaults were others. */
function withDefaults(node: ImportNode, defaults: Readonly<Record<string, number>>): ImportNode {
  const given = new Set(node.attributes.map((a) => a.name));
  const missing = Object.entries(defaults).filter(([name]) => !given.has(name));
  const added = missing.map(([name, value]) => ({ name, kind: "float" as const, value: f32(value) }));
  return { ...node, attributes: [...node.attributes, ...added] };
}

export const celu = unaryOp({
  name: "celu",
  type: "Celu",
  since: [12, 28],
  summary: "max(0, x) + min(0, alpha · (e^(x / alpha) − 1)).",
  input: "x",
  output: "y",
  attrs: { alpha: attr.float(1) },
  dtypes: ieeeFloats,
  map: ({ alpha }) => {
    const scaled = applyFn("expm1", applyFn("div", x, constant(alpha)));
    return add(applyFn("max", zero, x), applyFn("min", zero, mul(constant(alpha), scaled)));
  },
  rust: (t, { alpha }) => {
    const a = lit(alpha, t);
    return `if x.is_nan() { x } else { x.max(0.0) + (${a} * (x / ${a}).exp_m1()).min(0.0) }`;
  },
  error: "≤ 4 ulp",
});

export const thresholdedRelu = unaryOp({
  name: "thresholded_relu",
  type: "ThresholdedRelu",
  since: [10, 22],
  summary: "x where it is greater than alpha, else 0.",
  input: "x",
  output: "y",
  attrs: { alpha: attr.float(1) },
  dtypes: ieeeFloats,
  map: ({ alpha }) => applyFn("ifLess", constant(alpha), x, x, zero),
  rust: (t, { alpha }) => `if x > ${lit(alpha, t)} { x } else { 0.0 }`,
  error: "exact",
});

export const hardSigmoid = unaryOp({
  name: "hard_sigmoid",
  type: "HardSigmoid",
  since: [1, 6, 22],
  summary: "alpha · x + beta, limited to 0 … 1.",
  input: "x",
  output: "y",
  attrs: { alpha: attr.float(f32(0.2)), beta: attr.float(0.5) },
  dtypes: ieeeFloats,
  map: ({ alpha, beta }) => clamp01(add(mul(constant(alpha), x), constant(beta))),
  rust: (t, { alpha, beta }) => `(${lit(alpha, t)} * x + ${lit(beta, t)}).clamp(0.0, 1.0)`,
  error: "≤ 2 ulp of 1",
});

/** HardSwish is x · HardSigmoid(x) with this alpha, an f32 in ONNX's function body. */
const sixth = f32(1 / 6);

export const hardSwish = unaryOp({
  name: "hard_swish",
  type: "HardSwish",
  since: [14, 22],
  summary: "x · max(0, min(1, x / 6 + 0.5)).",
  input: "x",
  output: "y",
  attrs: {},
  dtypes: ieeeFloats,
  map: () => mul(x, clamp01(add(mul(constant(sixth), x), constant(0.5)))),
  rust: (t) => `x * (${lit(sixth, t)} * x + 0.5).clamp(0.0, 1.0)`,
  error: "≤ 3 ulp of x",
});

export const mish = unaryOp({
  name: "mish",
  type: "Mish",
  since: [18, 22],
  summary: "x · tanh(softplus(x)).",
  input: "x",
  output: "y",
  attrs: {},
  dtypes: ieeeFloats,
  map: () => applyFn("mish", x),
  rust: () => "x * (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh()",
  error: "≤ 6 ulp",
});

export const swish = unaryOp({
  name: "swish",
  type: "Swish",
  since: [24],
  summary: "x · sigmoid(alpha · x); SiLU for alpha = 1.",
  input: "x",
  output: "y",
  attrs: { alpha: attr.float(1) },
  dtypes: ieeeFloats,
  map: ({ alpha }) => mul(x, applyFn("sigmoid", alpha === 1 ? x : mul(constant(alpha), x))),
  rust: (t, { alpha }) => (alpha === 1 ? "x / (1.0 + (-x).exp())" : `x / (1.0 + (${lit(-alpha, t)} * x).exp())`),
  error: "≤ 4 ulp",
});

export const gelu = unaryOp({
  name: "gelu",
  type: "Gelu",
  since: [20],
  summary: "x · Φ(x), the normal distribution's, or its approximation by tanh.",
  input: "x",
  output: "y",
  attrs: { approximate: attr.oneOf(["none", "tanh"], "none") },
  dtypes: ieeeFloats,
  map: ({ approximate }) => applyFn(approximate === "tanh" ? "geluTanh" : "gelu", x),
  rust: (_, { approximate }) => ({ kernel: approximate === "tanh" ? "ops::gelu_tanh" : "ops::gelu" }),
  error: "≤ 2e-7 · |x|",
});

export const shrink = unaryOp({
  name: "shrink",
  type: "Shrink",
  since: [9],
  summary: "x + bias below −lambd, x − bias above lambd, else 0.",
  input: "input",
  output: "output",
  attrs: { bias: attr.float(0), lambd: attr.float(0.5) },
  dtypes: numeric.filter((d) => d !== "bf16"),
  map: ({ bias, lambd }) => {
    const above = applyFn("ifLess", constant(lambd), x, applyFn("sub", x, constant(bias)), zero);
    return applyFn("ifLess", x, constant(-lambd), add(x, constant(bias)), above);
  },
  f: (v, { bias, lambd }) => (v < -lambd ? v + bias : v > lambd ? v - bias : 0),
  integer: (v, { bias, lambd }) => {
    const [b, limit] = [whole(bias), whole(lambd)];
    return v < -limit ? v + b : v > limit ? v - b : 0n;
  },
  rust: (t, { bias, lambd }) => {
    if (!isFloatType(t)) return shrinkIntegers(t, whole(bias), whole(lambd));
    const b = lit(bias, t);
    return `if x < ${lit(-lambd, t)} { x + ${b} } else if x > ${lit(lambd, t)} { x - ${b} } else { 0.0 }`;
  },
  error: "correctly rounded",
});

/** ONNX's function body casts the parameters to the element type; what no element reaches may be cut off. */
const whole = (v: number): bigint => BigInt(Math.trunc(Math.max(-1e30, Math.min(1e30, v || 0))));

/** Compared in i128, since the limit may be out of the range of the elements. */
function shrinkIntegers(wide: string, bias: bigint, limit: bigint): string {
  const b = isUnsignedType(wide) ? BigInt.asUintN(widthOf(wide), bias) : BigInt.asIntN(widthOf(wide), bias);
  const v = "i128::from(x)";
  return `if ${v} < ${-limit} { x.wrapping_add(${b}) } else if ${v} > ${limit} { x.wrapping_sub(${b}) } else { 0 }`;
}

export const activations = [
  ...[relu, leakyRelu, elu, selu, celu, thresholdedRelu, hardSigmoid, hardSwish, mish, swish, gelu, shrink],
];
