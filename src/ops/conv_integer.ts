/**
 * Convolution of 8-bit integers in 32 bits: `y = Σ (w − w_zero)·(x − x_zero)` modulo 2³². Padding adds nothing. `w_zero_point` is one number or
 * one per output channel.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ConvInteger.html
 */
import type { Dim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import type { Value } from "../ir/graph.ts";
import { type AttrsOf, defineOp, type InferContext } from "../ir/op_def.ts";
import { int, type Lowering, read, readOption, shape, write } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { convAttrs, convMacs, convolve, convolved, expectChannels, windowOf } from "./conv.ts";
import { mapNumbers } from "./numeric.ts";
import { oneElement } from "./requantize.ts";
import { agree, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { windowArg } from "./window.ts";

export const byteDTypes: readonly DType[] = ["i8", "u8"];

export const convInteger = defineOp({
  name: "conv_integer",
  summary: "Convolution of 8-bit integers with zero points, in 32 bits.",
  onnx: { type: "ConvInteger", since: [10] },
  inputs: { x: "required", w: "required", x_zero_point: "optional", w_zero_point: "optional" },
  outputs: { y: "required" },
  attrs: convAttrs,
  error: "exact modulo 2³²",

  infer({ x, w, x_zero_point, w_zero_point }, attrs, ctx) {
    dtypeIn(x, byteDTypes, "x", ctx);
    dtypeIn(w, byteDTypes, "w", ctx);
    if (x_zero_point) {
      sameDType([x, x_zero_point], ctx);
      oneElement(x_zero_point, "x_zero_point", ctx);
    }
    if (w_zero_point) {
      sameDType([w, w_zero_point], ctx);
      checkPerChannel(w_zero_point, w, "w_zero_point", ctx);
    }
    return [tensorType("i32", convolved(x, w, undefined, attrs, ctx))];
  },

  evaluate({ x, w, x_zero_point, w_zero_point }, attrs) {
    return [convolve(centred(x, x_zero_point), centred(w, w_zero_point), undefined, attrs)];
  },

  lower({ x, w, x_zero_point, w_zero_point }, attrs, l) {
    convolveIntegers(l, { x, w, xZero: x_zero_point, wZero: w_zero_point }, attrs, l.output(0));
  },

  macs: ({ w }, _, [y]) => convMacs(w, y as Value),
});

/** A scale or zero point of weights is one number or one per output channel. */
export function checkPerChannel(v: Value, w: Value, what: string, ctx: Pick<InferContext, "fail">): void {
  const extents = shapeIn(v, what, ctx);
  if (extents.length === 0) return;
  const [length] = ranked(v, 1, what, ctx);
  if (length !== 1) agree(shapeIn(w, "w", ctx)[0] as Dim, length as Dim, `extent of ${what}`, ctx);
}

/** `[M]` so that it broadcasts along the first axis of weights, or the second of results. */
export const alongChannels = <D>(extents: readonly D[], rank: number): readonly (D | 1)[] =>
  extents.length === 0 ? [] : [...extents, ...new Array<1>(rank).fill(1)];

/** `x − zero` as i32; a vector of zero points runs along the first axis. */
export function centred(x: Tensor, zero: Tensor | undefined): Tensor {
  if (!zero) return mapNumbers("i32", [x], (v) => v);
  const wide = { ...zero, shape: alongChannels(zero.shape, x.shape.length - 1) };
  return mapNumbers("i32", [x, wide], (v, z) => v - z);
}

interface Operands {
  readonly x: Value;
  readonly w: Value;
  readonly xZero: Value | undefined;
  readonly wZero: Value | undefined;
}

/** The call that convolves integers into `y`. */
export function convolveIntegers(
  l: Lowering,
  { x, w, xZero, wZero }: Operands,
  attrs: AttrsOf<typeof convAttrs>,
  y: Value,
): void {
  expectChannels(l, x, w, attrs.group);
  l.call("ops::conv_integer", [
    read(x),
    shape(x),
    readOption(xZero),
    read(w),
    readOption(wZero),
    int(attrs.group),
    windowArg(windowOf(x, w, attrs)),
    write(y),
    shape(y),
  ]);
}
