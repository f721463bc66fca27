/**
 * Scalar expressions of fused elementwise loops: one tree over numbered f32 inputs, printed as Rust over a vector type
 * and evaluated here for the interpreter.
 */
export type MapExpr =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "apply"; readonly fn: MapFn; readonly args: readonly MapExpr[] };

type Row = {
  readonly arity: number;
  readonly evaluate: (...x: number[]) => number;
  readonly rust: (...x: string[]) => string;
};

/** An argument without the parentheses around it. */
function bare(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (const c of text.slice(0, -1)) {
    depth += c === "(" ? 1 : c === ")" ? -1 : 0;
    if (depth === 0) return text;
  }
  return text.slice(1, -1);
}
const method =
  (name: string) =>
  (x: string, ...rest: string[]): string =>
    `${x}.${name}(${rest.join(", ")})`;
/** A function of the runtime's `simd::math`. */
const math =
  (name: string) =>
  (...x: string[]): string =>
    `rt::math::${name}(${x.map(bare).join(", ")})`;
const infix =
  (op: string) =>
  (a: string, b: string): string =>
    `(${a} ${op} ${b})`;
const row = (arity: number, evaluate: Row["evaluate"], rust: (...x: never[]) => string): Row => ({
  arity,
  evaluate,
  rust: rust as Row["rust"],
});

/** The functions there are, with the Rust that computes them on vectors of type `V` (bound by the runtime's `Vector`). */
const table = {
  add: row(2, (a, b) => a + b, infix("+")),
  sub: row(2, (a, b) => a - b, infix("-")),
  mul: row(2, (a, b) => a * b, infix("*")),
  div: row(2, (a, b) => a / b, infix("/")),
  max: row(
    2,
    (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b)),
    (a: string, b: string) => `rt::maximum(${bare(a)}, ${bare(b)})`,
  ),
  min: row(
    2,
    (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.min(a, b)),
    (a: string, b: string) => `rt::minimum(${bare(a)}, ${bare(b)})`,
  ),
  neg: row(
    1,
    (x) => -x,
    (x: string) => `(-${x})`,
  ),
  abs: row(1, Math.abs, method("abs")),
  sqrt: row(1, Math.sqrt, method("sqrt")),
  reciprocal: row(
    1,
    (x) => 1 / x,
    (x: string) => `(V::splat(1.0) / ${x})`,
  ),
  floor: row(1, Math.floor, method("floor")),
  ceil: row(1, Math.ceil, method("ceil")),
  /** Halves to even. */
  round: row(1, roundHalfEven, method("round_ties_even")),
  exp: row(1, Math.exp, math("exp")),
  /** eˣ − 1, exact near 0. */
  expm1: row(1, Math.expm1, math("exp_m1")),
  log: row(1, Math.log, math("ln")),
  tanh: row(1, Math.tanh, math("tanh")),
  sigmoid: row(1, (x) => 1 / (1 + Math.exp(-x)), math("sigmoid")),
  erf: row(1, erf, math("erf")),
  sin: row(1, Math.sin, math("sin")),
  cos: row(1, Math.cos, math("cos")),
  tan: row(1, Math.tan, math("tan")),
  softplus: row(1, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), math("softplus")),
  mish: row(1, (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))), math("mish")),
  /** x · Φ(x). */
  gelu: row(1, (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)), math("gelu")),
  /** The approximation of `gelu` by tanh. */
  geluTanh: row(
    1,
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
    math("gelu_tanh"),
  ),
  pow: row(2, (a, b) => a ** b, math("pow")),
  /** `ifLess(a, b, x, y)`: x where a < b, else (and where a or b is NaN) y. */
  ifLess: row(
    4,
    (a, b, x, y) => (a < b ? x : y),
    (a: string, b: string, x: string, y: string) => `V::select(${a}.lt(${bare(b)}), ${bare(x)}, ${bare(y)})`,
  ),
} satisfies Record<string, Row>;

export type MapFn = keyof typeof table;
export const mapFunctions: Readonly<Record<MapFn, Row>> = table;

/** The nearest integer, halves to even; keeps NaN, infinities and the sign of zero. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  if (below % 2 === 0) return below;
  return below === -1 ? -0 : below + 1;
}

/**
 * erf by the series for |x| < 2.5 and the continued fraction of erfc beyond; absolute error below 1e-15.
 * Source: Abramowitz & Stegun 7.1.6 and 7.1.14.
 */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return ((2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum) as number;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
}

export const input = (index: number): MapExpr => ({ kind: "input", index });
export const constant = (value: number): MapExpr => ({ kind: "constant", value });
export const applyFn = (fn: MapFn, ...args: MapExpr[]): MapExpr => ({ kind: "apply", fn, args });

/** The value for the given inputs, in double precision. */
export function evaluateMap(e: MapExpr, x: readonly number[]): number {
  switch (e.kind) {
    case "input":
      return x[e.index] as number;
    case "constant":
      return e.value;
    case "apply":
      return table[e.fn].evaluate(...e.args.map((a) => evaluateMap(a, x)));
  }
}

/** Number of functions applied. */
export const costOf = (e: MapExpr): number => (e.kind === "apply" ? 1 + e.args.reduce((n, a) => n + costOf(a), 0) : 0);

/** `e` with inputs replaced. */
export function substituteInputs(e: MapExpr, replace: (index: number) => MapExpr): MapExpr {
  switch (e.kind) {
    case "input":
      return replace(e.index);
    case "constant":
      return e;
    case "apply":
      return { kind: "apply", fn: e.fn, args: e.args.map((a) => substituteInputs(a, replace)) };
  }
}
