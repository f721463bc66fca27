/**
 * Discrete Fourier transform along one axis: `X[k] = Σₙ x[n]·e^(−2πikn/N)`, the inverse with + and 1/N. The last axis is the
 * real part alone, or real and imaginary part.
 *
 * `onesided` keeps frequencies up to N/2; an inverse onesided transform takes such and gives a real signal, whose length is
 * 2·(extent − 1) unless `dft_length` says otherwise. Everything is computed in f64 and rounded once.
 * Source: https://onnx.ai/onnx/operators/onnx__DFT.html
 */
import { attr } from "../ir/attr.ts";
import { add, type Dim, floorDiv, isStatic, mul, sub, sum, symbol } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { type Arg, bool, dim, ints, option, read, reference, rust, scratch, shape, struct, write } from "../ir/plan.ts";
import { numbers, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { fourierScratch, line, transform } from "./fourier.ts";
import { rounded } from "./recurrent_cell.ts";
import { axisIn, knownInts, shapeIn, tensorIn } from "./shape_rules.ts";

interface Options {
  readonly inverse: boolean;
  readonly onesided: boolean;
}

/** Length of the transform where `dft_length` is not given. */
const wholeLength = ({ inverse, onesided }: Options, extent: Dim): Dim =>
  inverse && onesided ? mul(2, sub(extent, 1)) : extent;
const binsOf = ({ inverse, onesided }: Options, length: Dim): Dim =>
  onesided && !inverse ? add(floorDiv(length, 2), 1) : length;

/** Number that a scalar operand is known to be. */
const known = (v: Value | undefined): Dim | undefined => v?.contents?.[0];
const knownAxis = (axis: Value | undefined): number | undefined => (axis ? knownInts(axis.contents)?.[0] : -2);

/** What the run has to find out: the length, and extents that depend on an axis that is not known. */
function unknowns(
  dftLength: Value | undefined,
  axis: Value | undefined,
  options: Options,
): { length: boolean; extents: boolean } {
  return {
    length: dftLength !== undefined && known(dftLength) === undefined,
    extents: knownAxis(axis) === undefined && (dftLength !== undefined || options.onesided),
  };
}

export const dft = defineOp({
  name: "dft",
  summary: "Discrete Fourier transform along an axis.",
  onnx: { type: "DFT", since: [17, 20], adapt: (node, _version, b) => adapt17(node, (axis) => b.scalar("i64", axis)) },
  inputs: { input: "required", dft_length: "optional", axis: "optional" },
  outputs: { output: "required" },
  attrs: { inverse: attr.bool(false), onesided: attr.bool(false) },
  error: "≤ 30·log₂N·2⁻⁵³·‖x‖ before rounding",

  infer({ input, dft_length, axis }, options, ctx) {
    const { dtype } = tensorIn(input, "input", ctx);
    if (!["f32", "f64", "f16", "bf16"].includes(dtype))
      ctx.fail("E0203", { what: "input", found: dtype, expected: "f32, f64, f16, bf16" });
    const from = shapeIn(input, "input", ctx);
    const signal = from.slice(0, -1);
    const parts = from.at(-1);
    if (signal.length === 0 || (isStatic(parts as Dim) && parts !== 1 && parts !== 2))
      ctx.fail("E0201", { what: "last axis of input", expected: "1 or 2, after another axis", found: String(parts) });
    for (const [v, what] of [
      [dft_length, "dft_length"],
      [axis, "axis"],
    ] as const)
      checkScalar(v, what, ctx);
    const missing = unknowns(dft_length, axis, options);
    const given = dft_length && (missing.length ? ctx.fresh() : known(dft_length));
    if (isStatic(given ?? 1) && (given ?? 1) === 0)
      ctx.fail("E0201", { what: "dft_length", expected: "1 or more", found: 0 });
    const out = [
      ...(missing.extents ? signal.map(() => ctx.fresh()) : signal),
      options.inverse && options.onesided ? 1 : 2,
    ];
    const at = knownAxis(axis);
    if (at !== undefined) {
      const place = signalAxis(at, from.length, ctx);
      out[place] = binsOf(options, given ?? wholeLength(options, signal[place] as Dim));
    }
    return [tensorType(dtype, out)];
  },

  evaluate({ input, dft_length, axis }, options) {
    const given = axis ? (numbers(axis)[0] as number) : -2;
    return [evaluateDft(input, given, dft_length && (numbers(dft_length)[0] as number), options)];
  },

  lower({ input, dft_length, axis }, options, l) {
    const missing = unknowns(dft_length, axis, options);
    const at = knownAxis(axis);
    const fresh = l.op.fresh;
    const y = l.output(0);
    const place: Arg = at === undefined ? read(axis as Value) : ints([at]);
    const from = shapeOf(input);
    const length = dft_length && (missing.length ? symbol(fresh[0] as string) : known(dft_length));
    const chosen = (n: Dim | undefined): Arg =>
      reference(
        struct("ops::Dft", [
          ["length", option(n === undefined ? undefined : dim(n))],
          ["inverse", bool(options.inverse)],
          ["onesided", bool(options.onesided)],
        ]),
      );
    if (fresh.length > 0) {
      const unknown = missing.length ? read(dft_length as Value) : rust("&[0_i64; 0]");
      const fixed = missing.length ? undefined : length;
      l.call("ops::dft_extents", [shape(input), place, unknown, bool(missing.extents), chosen(fixed)], {
        fallible: true,
        binds: true,
      });
    }
    // Of an axis that is not known only the sum of all bounds the line.
    const longest = length ?? (at === undefined ? sum(from) : (from[at < 0 ? at + from.length : at] as Dim));
    const lines = fourierScratch(length ?? (options.inverse && options.onesided ? mul(2, longest) : longest));
    l.call("ops::dft", [read(input), shape(input), place, chosen(length), write(y), scratch("f64", lines)], {
      fallible: true,
    });
  },
});

function checkScalar(v: Value | undefined, what: string, ctx: InferContext): void {
  if (!v) return;
  const { dtype, shape: extents } = tensorIn(v, what, ctx);
  if (dtype !== "i64" && dtype !== "i32") ctx.fail("E0203", { what, found: dtype, expected: "i64 or i32" });
  if (extents?.some((d) => isStatic(d) && d !== 1) || (extents?.length ?? 0) > 1)
    ctx.fail("E0201", { what, expected: "a scalar", found: `rank ${extents?.length}` });
}

function signalAxis(axis: number, rank: number, ctx: InferContext): number {
  const at = axisIn(axis, rank, ctx);
  if (at === rank - 1)
    ctx.fail("E0202", { name: "axis", value: axis, expected: "an axis of the signal, not the last" });
  return at;
}

/** The transform of `x` along `axis`. */
export function evaluateDft(x: Tensor, axis: number, length: number | undefined, options: Options): Tensor {
  const rank = x.shape.length;
  const at = axis < 0 ? axis + rank : axis;
  if (at < 0 || at >= rank - 1) throw new RangeError(`axis ${axis} of a signal of rank ${rank}`);
  const [parts, extent] = [x.shape[rank - 1] as number, x.shape[at] as number];
  const n = length ?? (wholeLength(options, extent) as number);
  if (n < 1) throw new RangeError(`a Fourier transform of length ${n}`);
  const bins = binsOf(options, n) as number;
  const mirrored = options.inverse && options.onesided;
  const outParts = mirrored ? 1 : 2;
  const result = [...x.shape.slice(0, at), bins, ...x.shape.slice(at + 1, -1), outParts];
  const [outer, inner] = [sizeOf(x.shape.slice(0, at)), sizeOf(x.shape.slice(at + 1, -1))];
  const values = numbers(x);
  const y = new Float64Array(sizeOf(result));
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const l = line(n);
      for (let k = 0; k < Math.min(extent, mirrored ? Math.floor(n / 2) + 1 : n); k++) {
        const from = ((o * extent + k) * inner + i) * parts;
        l.re[k] = values[from] as number;
        l.im[k] = parts === 2 ? (values[from + 1] as number) : 0;
      }
      if (mirrored) mirror(l.re, l.im);
      transform(l, options.inverse);
      for (let k = 0; k < bins; k++) {
        const to = ((o * bins + k) * inner + i) * outParts;
        y[to] = l.re[k] as number;
        if (!mirrored) y[to + 1] = l.im[k] as number;
      }
    }
  return rounded(x.dtype, result, y);
}

/** Frequencies above half the length are the conjugates of those below; the middle ones have no imaginary part. */
function mirror(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  im[0] = 0;
  if (n % 2 === 0) im[n / 2] = 0;
  for (let k = 1; k < n / 2; k++) {
    re[n - k] = re[k] as number;
    im[n - k] = -(im[k] as number);
  }
}

/** Version 17 has the axis as an attribute, 1 by default. */
function adapt17(node: ImportNode, scalar: (axis: number) => Value): ImportNode {
  const given = node.attributes.find((a) => a.name === "axis");
  const axis = given?.kind === "int" ? Number(given.value) : 1;
  const [input, length] = node.inputs;
  return { ...node, inputs: [input, length, scalar(axis)], attributes: node.attributes.filter((a) => a !== given) };
}
