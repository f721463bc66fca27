/**
 * Windows that slide over the spatial axes of an array: extents of the result, padding, and where taps read. Shared by
 * convolutions and pools. Tap t of output position o reads the input at `o·stride + t·dilation − begin`.
 */
import { attr } from "../ir/attr.ts";
import { add, ceilDiv, type Dim, floorDiv, isStatic, max, min, mul, sub } from "../ir/dim.ts";
import type { AttrsOf, InferContext } from "../ir/op_def.ts";
import { type Arg, dims, ints, struct } from "../ir/plan.ts";
import { sizeOf } from "../ir/tensor.ts";
import { agree } from "./shape_rules.ts";

export const autoPad = attr.oneOf(["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"], "NOTSET");

/** The attributes that say how a window slides; empty lists are ones (pads: zeros). */
export const windowAttrs = {
  auto_pad: autoPad,
  dilations: attr.ints([]),
  kernel_shape: attr.ints([]),
  pads: attr.ints([]),
  strides: attr.ints([]),
} as const;

export type WindowAttrs = AttrsOf<typeof windowAttrs>;
type Fail = Pick<InferContext, "fail">;

/** What rules need to know once `infer` has accepted an operation: failures would be bugs. */
export const accepted: Fail = {
  fail(code, params) {
    throw new TypeError(`${code}: ${JSON.stringify(params)}`);
  },
};

/** A window with everything filled in. */
export interface Window {
  readonly kernel: readonly Dim[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Elements that the input lacks in front of its first, and behind its last. */
  readonly begin: readonly Dim[];
  readonly end: readonly Dim[];
  /** Positions of the window along each axis. */
  readonly output: readonly Dim[];
}

/** A window of one run: all numbers. */
export type StaticWindow = { readonly [K in keyof Window]: readonly number[] };

/** One number per axis, each at least `least`; `absent` where the list is empty. */
export function perAxis(
  values: readonly number[],
  rank: number,
  name: string,
  least: number,
  absent: number,
  ctx: Fail,
): readonly number[] {
  if (values.length === 0) return new Array<number>(rank).fill(absent);
  if (values.length !== rank) ctx.fail("E0202", { name, value: `[${values.join(", ")}]`, expected: `${rank} numbers` });
  for (const value of values) if (value < least) ctx.fail("E0202", { name, value, expected: `at least ${least}` });
  return values;
}

/** The extents of the kernel: those of the weights, which the attribute may repeat. */
export function kernelExtents(weights: readonly Dim[], attribute: readonly number[], ctx: Fail): readonly Dim[] {
  const given = perAxis(attribute, weights.length, "kernel_shape", 1, 0, ctx);
  if (attribute.length === 0) return weights;
  return weights.map((d, axis) => agree(given[axis] as number, d, `axis ${axis + 2} of the weights`, ctx));
}

/** `(kernel − 1)·dilation + 1`: input elements from a window's first tap to its last, both counted. */
const span = (kernel: Dim, dilation: number): Dim => add(mul(sub(kernel, 1), dilation), 1);

/**
 * The window that slides over `input` (spatial extents). `ceil` counts a last window that the input fills only in part,
 * unless it starts behind the input and its padding in front.
 */
export function slidingWindow(
  input: readonly Dim[],
  kernel: readonly Dim[],
  attrs: Omit<WindowAttrs, "kernel_shape">,
  ctx: Fail,
  ceil = false,
): Window {
  const rank = input.length;
  const strides = perAxis(attrs.strides, rank, "strides", 1, 1, ctx);
  const dilations = perAxis(attrs.dilations, rank, "dilations", 1, 1, ctx);
  const pads = perAxis(attrs.pads, 2 * rank, "pads", 0, 0, ctx);
  const axes = input.map((extent, axis) => {
    const [stride, reach] = [strides[axis] as number, span(kernel[axis] as Dim, dilations[axis] as number)];
    if (attrs.auto_pad === "SAME_UPPER" || attrs.auto_pad === "SAME_LOWER")
      return samePadding(extent, stride, reach, attrs.auto_pad === "SAME_UPPER");
    const valid = attrs.auto_pad === "VALID";
    const [begin, end] = valid ? [0, 0] : [pads[axis] as number, pads[axis + rank] as number];
    return { begin, end, output: positions(extent, begin, end, stride, reach, ceil && !valid) };
  });
  axes.forEach(({ output }, axis) => {
    if (isStatic(output) && output < 0)
      ctx.fail("E0201", {
        what: `axis ${axis + 2} of the input`,
        expected: "as long as the window",
        found: input[axis] as number,
      });
  });
  return {
    kernel,
    strides,
    dilations,
    begin: axes.map((a) => a.begin),
    end: axes.map((a) => a.end),
    output: axes.map((a) => a.output),
  };
}

/** As many positions as strides fit the input, the padding shared out; an odd element goes to the end (`upper`) or front. */
function samePadding(extent: Dim, stride: number, reach: Dim, upper: boolean): { begin: Dim; end: Dim; output: Dim } {
  const output = ceilDiv(extent, stride);
  // Static extents may come out negative, where strides are longer than the window: then there is no padding.
  const total = max(0, sub(add(mul(sub(output, 1), stride), reach), extent));
  const less = floorDiv(total, 2);
  const more = sub(total, less);
  return upper ? { begin: less, end: more, output } : { begin: more, end: less, output };
}

function positions(extent: Dim, begin: number, end: number, stride: number, reach: Dim, ceil: boolean): Dim {
  const room = sub(add(extent, begin + end), reach);
  if (!ceil) return add(floorDiv(room, stride), 1);
  const all = add(ceilDiv(room, stride), 1);
  // The last window starts at most stride − 1 behind the last full one: with little padding always inside.
  if (isStatic(reach) && end + stride <= reach) return all;
  return min(all, ceilDiv(add(extent, begin), stride));
}

/** The runtime's window. */
export const windowArg = (w: Window): Arg =>
  struct("ops::Window", [
    ["kernel", dims(w.kernel)],
    ["strides", ints(w.strides, "")],
    ["dilations", ints(w.dilations, "")],
    ["pads", dims(w.begin)],
  ]);

/** All indices of `shape` in row-major order. */
export function* indices(shape: readonly number[]): Generator<readonly number[]> {
  const index = new Array<number>(shape.length).fill(0);
  for (let n = sizeOf(shape); n > 0; n--) {
    yield [...index];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < (shape[axis] as number)) break;
      index[axis] = 0;
    }
  }
}

/** For each tap of the kernel, the pairs (input, output) of offsets where it reads inside of the input, one after another. */
export function tapPairs(w: StaticWindow, input: readonly number[]): readonly Int32Array[] {
  return [...indices(w.kernel)].map((tap) => {
    const axes = input.map((extent, axis) => {
      const offset = (tap[axis] as number) * (w.dilations[axis] as number) - (w.begin[axis] as number);
      const reads: [number, number][] = [];
      for (let o = 0; o < (w.output[axis] as number); o++) {
        const at = o * (w.strides[axis] as number) + offset;
        if (at >= 0 && at < extent) reads.push([at, o]);
      }
      return reads;
    });
    let pairs: (readonly [number, number])[] = [[0, 0]];
    axes.forEach((reads, axis) => {
      const [from, to] = [input[axis] as number, w.output[axis] as number];
      pairs = pairs.flatMap(([i, o]) => reads.map(([at, position]) => [i * from + at, o * to + position] as const));
    });
    return Int32Array.from(pairs.flat());
  });
}
