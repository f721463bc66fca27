/**
 * Activation functions that kernels apply where they store a result: the runtime's `Activation`, its meaning here, and
 * recognising one in an expression by what it computes, however an exporter has written it.
 */
import { applyFn, constant, evaluateMap, input, type MapExpr } from "./map_expr.ts";

export interface Activation {
  readonly name: keyof typeof functions;
  readonly parameters: readonly number[];
}

interface Row {
  readonly fields: readonly string[] | "tuple";
  readonly expr: (x: MapExpr, ...p: MapExpr[]) => MapExpr;
  /** Parameters that make `f` this function if it is one; undefined if it cannot be. */
  readonly fit: (f: (x: number) => number) => readonly number[] | undefined;
}

const add = (a: MapExpr, b: MapExpr): MapExpr => applyFn("add", a, b);
const mul = (a: MapExpr, b: MapExpr): MapExpr => applyFn("mul", a, b);
const clamp = (x: MapExpr, lo: MapExpr, hi: MapExpr): MapExpr => applyFn("min", applyFn("max", x, lo), hi);
const none = (): readonly number[] => [];

/** In the order in which they are tried: cheaper ones first. */
const functions = {
  Identity: { fields: [], expr: (x) => x, fit: none },
  Relu: { fields: [], expr: (x) => applyFn("max", x, constant(0)), fit: none },
  Clip: { fields: ["lo", "hi"], expr: clamp, fit: (f) => [f(-3e38), f(3e38)] },
  LeakyRelu: {
    fields: "tuple",
    expr: (x, a) => add(applyFn("max", x, constant(0)), mul(a, applyFn("min", x, constant(0)))),
    fit: (f) => [-f(-1)],
  },
  Sigmoid: { fields: [], expr: (x) => applyFn("sigmoid", x), fit: none },
  Tanh: { fields: [], expr: (x) => applyFn("tanh", x), fit: none },
  Silu: { fields: [], expr: (x) => mul(x, applyFn("sigmoid", x)), fit: none },
  HardSwish: {
    fields: [],
    expr: (x) => mul(x, clamp(add(mul(x, constant(1 / 6)), constant(0.5)), constant(0), constant(1))),
    fit: none,
  },
  HardSigmoid: {
    fields: ["alpha", "beta"],
    expr: (x, a, b) => clamp(add(mul(a, x), b), constant(0), constant(1)),
    fit: (f) => [(f(0.25) - f(-0.25)) * 2, f(0)],
  },
  Gelu: {
    fields: [],
    expr: (x) => mul(mul(constant(0.5), x), add(constant(1), applyFn("erf", mul(x, constant(Math.SQRT1_2))))),
    fit: none,
  },
  GeluTanh: {
    fields: [],
    expr: (x) =>
      mul(
        mul(constant(0.5), x),
        add(
          constant(1),
          applyFn("tanh", mul(constant(Math.sqrt(2 / Math.PI)), add(x, mul(constant(0.044715), mul(x, mul(x, x)))))),
        ),
      ),
    fit: none,
  },
  Swish: {
    fields: "tuple",
    expr: (x, a) => mul(x, applyFn("sigmoid", mul(a, x))),
    fit: (f) => [Math.log(f(1) / (1 - f(1)))],
  },
  Softplus: { fields: [], expr: (x) => applyFn("softplus", x), fit: none },
  Mish: { fields: [], expr: (x) => mul(x, applyFn("tanh", applyFn("softplus", x))), fit: none },
} satisfies Record<string, Row>;

export const identity: Activation = { name: "Identity", parameters: [] };

/** The function as an expression of input 0. */
export const activationExpr = (a: Activation): MapExpr =>
  (functions[a.name] as Row).expr(input(0), ...a.parameters.map(constant));
export const applyActivation = (a: Activation, x: number): number =>
  a.name === "Identity" ? x : evaluateMap(activationExpr(a), [x]);

/** Fields of the runtime's enum variant; "tuple" for one unnamed parameter. */
export const activationFields = (a: Activation): readonly string[] | "tuple" => functions[a.name].fields;

/** Where a function is compared: dense around zero, and far out. */
const samples = [0, ...Array.from({ length: 41 }, (_, i) => (i - 20) * 0.437 + 0.013), -30, 30, -1e3, 1e3, -1e6, 1e6];

/** The activation that computes `f`, to the precision of f32 constants; undefined if none does. */
export function recogniseActivation(f: (x: number) => number): Activation | undefined {
  const wanted = samples.map(f);
  if (wanted.some((y) => Number.isNaN(y))) return undefined;
  for (const name of Object.keys(functions) as (keyof typeof functions)[]) {
    const parameters = (functions[name] as Row).fit(f)?.map(Math.fround);
    if (!parameters?.every((p) => !Number.isNaN(p))) continue;
    const candidate = { name, parameters };
    const expr = activationExpr(candidate);
    if (samples.every((x, i) => close(evaluateMap(expr, [x]), wanted[i] as number))) return candidate;
  }
  return undefined;
}

const close = (a: number, b: number): boolean =>
  a === b || Math.abs(a - b) <= 2e-6 * Math.max(Math.abs(a), Math.abs(b)) + 1e-9;
