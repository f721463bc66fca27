/**
 * `y[n, m, o] = b[m] + Σ_c Σ_t w[m, c, t]·x[n, c, o·stride + t·dilation − pad]`, with zeros outside of x. Channels come in
 * `group`s that see only their own part of x. Any number of spatial axes.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Conv.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, floorDiv, isStatic, mul, product } from "../ir/dim.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { type AttrsOf, defineOp, type InferContext } from "../ir/op_def.ts";
import { int, type Lowering, read, readOption, scratch, shape, write } from "../ir/plan.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { expectExtents } from "./operands.ts";
import { type Sums, sumsOf } from "./ring.ts";
import { agree, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";
import { wideOf } from "./wide.ts";
import {
  accepted,
  kernelExtents,
  type StaticWindow,
  slidingWindow,
  tapPairs,
  type Window,
  windowArg,
  windowAttrs,
} from "./window.ts";

export const convAttrs = { ...windowAttrs, group: attr.int(1) } as const;
type ConvAttrs = AttrsOf<typeof convAttrs>;
type Fail = Pick<InferContext, "fail">;

export const conv = defineOp({
  name: "conv",
  summary: "Convolution.",
  onnx: { type: "Conv", since: [1, 11, 22] },
  inputs: { x: "required", w: "required", b: "optional" },
  outputs: { y: "required" },
  attrs: convAttrs,
  error: "≤ (K + 1)·ε·(|b| + Σ|x·w|), K = C/group·taps, ε of f32 (f64 for f64)",

  infer({ x, w, b }, attrs, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    sameDType([x, w, b], ctx);
    return [tensorType(dtype, convolved(x, w, b, attrs, ctx))];
  },

  evaluate({ x, w, b }, attrs) {
    return [convolve(x, w, b, attrs)];
  },

  lower({ x, w, b }, attrs, l) {
    const y = l.output(0);
    expectChannels(l, x, w, attrs.group);
    l.call("ops::conv", [
      read(x),
      shape(x),
      read(w),
      readOption(b),
      int(attrs.group),
      windowArg(windowOf(x, w, attrs)),
      scratch(wideOf(tensorOf(y).dtype), product(shapeOf(y).slice(2))),
      write(y),
      shape(y),
    ]);
  },

  macs: ({ w }, _, [y]) => convMacs(w, y as Value),
});

/** One multiplication per output element, input channel of its group, and tap. */
export const convMacs = (w: Value, y: Value): Dim => mul(product(shapeOf(y)), product(shapeOf(w).slice(1)));

/** Spatial extents of the operands, checked: the same number of axes, at least one. */
function spatial(x: Value, w: Value, ctx: Fail): { x: readonly Dim[]; w: readonly Dim[] } {
  const from = shapeIn(x, "x", ctx);
  if (from.length < 3) ctx.fail("E0201", { what: "rank of x", expected: "3 or more", found: from.length });
  return { x: from.slice(2), w: ranked(w, from.length, "w", ctx).slice(2) };
}

/** The window of a convolution whose types `infer` has accepted. */
export function windowOf(x: Value, w: Value, attrs: Omit<ConvAttrs, "group">, ctx: Fail = accepted): Window {
  const axes = spatial(x, w, ctx);
  return slidingWindow(axes.x, kernelExtents(axes.w, attrs.kernel_shape, ctx), attrs, ctx);
}

/** Extents of the result. Errors where operands and attributes do not fit. */
export function convolved(x: Value, w: Value, b: Value | undefined, attrs: ConvAttrs, ctx: Fail): readonly Dim[] {
  const { output } = windowOf(x, w, attrs, ctx);
  const [images, channels] = shapeIn(x, "x", ctx) as [Dim, Dim];
  const [outputs, inputs] = shapeIn(w, "w", ctx) as [Dim, Dim];
  checkGroups(attrs.group, [channels, outputs], ctx);
  agree(mul(inputs, attrs.group), channels, "channels of x", ctx);
  if (b) agree(outputs, ranked(b, 1, "b", ctx)[0] as Dim, "extent of b", ctx);
  return [images, outputs, ...output];
}

/** A check of the run that x has as many channels as the weights want, where that is not known. */
export function expectChannels(l: Lowering, x: Value, w: Value, group: number): void {
  expectExtents(l, [shapeOf(x)[1] as Dim], [mul(shapeOf(w)[1] as Dim, group)]);
}

/** Numbers of channels must be multiples of the number of groups. */
export function checkGroups(group: number, channels: readonly Dim[], ctx: Fail): void {
  if (group < 1) ctx.fail("E0202", { name: "group", value: group, expected: "at least 1" });
  for (const d of channels)
    if (isStatic(d) && d % group !== 0)
      ctx.fail("E0202", { name: "group", value: group, expected: `a divisor of ${d}` });
}

/** The convolution by definition, of floats or of integers modulo 2³². */
export function convolve(x: Tensor, w: Tensor, b: Tensor | undefined, attrs: ConvAttrs): Tensor {
  const input = x.shape.slice(2);
  const kernel = kernelExtents(w.shape.slice(2), attrs.kernel_shape, accepted);
  const window = slidingWindow(input, kernel, attrs, accepted) as StaticWindow;
  const pairs = tapPairs(window, input);
  const [images, channels] = x.shape as readonly [number, number];
  const [outputs, inputs] = w.shape as readonly [number, number];
  if (inputs * attrs.group !== channels)
    throw new RangeError(`x has ${channels} channels, w expects ${inputs * attrs.group}`);
  const [plane, from] = [sizeOf(window.output), sizeOf(input)];
  const perGroup = floorDiv(outputs, attrs.group) as number;
  const sums: Sums = (ring, operand, put) => {
    const [p, q] = [operand(0), operand(1)];
    const bias = b ? operand(2) : undefined;
    type E = typeof ring.zero;
    for (let n = 0; n < images; n++)
      for (let m = 0; m < outputs; m++) {
        const acc = new Array<E>(plane).fill(bias ? (bias[m] as E) : ring.zero);
        const first = n * channels + Math.floor(m / perGroup) * inputs;
        for (let c = 0; c < inputs; c++)
          pairs.forEach((list, t) => {
            const weight = q[(m * inputs + c) * pairs.length + t] as E;
            for (let i = 0; i < list.length; i += 2) {
              const at = list[i + 1] as number;
              const value = p[(first + c) * from + (list[i] as number)] as E;
              acc[at] = ring.add(acc[at] as E, ring.mul(weight, value));
            }
          });
        acc.forEach((sum, i) => {
          put((n * outputs + m) * plane + i, sum);
        });
      }
  };
  return sumsOf(b ? [x, w, b] : [x, w], [images, outputs, ...window.output], sums);
}
