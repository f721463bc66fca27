/**
 * The transpose of `conv`: `y[n, m, i·stride + t·dilation − pad] += w[c, m, t]·x[n, c, i]` over all c of m's group, plus
 * `b[m]`. Extents: `stride·(in − 1) + output_padding + (kernel − 1)·dilation + 1 − pads`, or `output_shape`, or for
 * `auto_pad` SAME `in·stride`; in the last two cases the padding follows from the extents and is never negative. An odd
 * element of padding goes to the end for SAME_UPPER and to the front otherwise (version 1 described the opposite, which
 * version 11 corrected).
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ConvTranspose.html
 */
import { attr } from "../ir/attr.ts";
import { add, type Dim, floorDiv, isStatic, max, mul, product, sub } from "../ir/dim.ts";
import { shapeOf, tensorOf } from "../ir/graph.ts";
import { type AttrsOf, defineOp, type InferContext } from "../ir/op_def.ts";
import { int, read, readOption, scratch, shape, write } from "../ir/plan.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { checkGroups, convAttrs } from "./conv.ts";
import { expectExtents } from "./operands.ts";
import { type Sums, sumsOf } from "./ring.ts";
import { agree, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";
import { wideOf } from "./wide.ts";
import { accepted, kernelExtents, perAxis, type StaticWindow, tapPairs, type Window, windowArg } from "./window.ts";

const attrs = { ...convAttrs, output_padding: attr.ints([]), output_shape: attr.ints([]) } as const;
type Attrs = AttrsOf<typeof attrs>;
type Fail = Pick<InferContext, "fail">;

export const convTranspose = defineOp({
  name: "conv_transpose",
  summary: "Transposed convolution.",
  onnx: { type: "ConvTranspose", since: [1, 11, 22] },
  inputs: { x: "required", w: "required", b: "optional" },
  outputs: { y: "required" },
  attrs,
  error: "≤ (K + 1)·ε·(|b| + Σ|x·w|), K = C/group·taps, ε of f32 (f64 for f64)",

  infer({ x, w, b }, attrs, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    sameDType([x, w, b], ctx);
    const from = shapeIn(x, "x", ctx);
    if (from.length < 3) ctx.fail("E0201", { what: "rank of x", expected: "3 or more", found: from.length });
    const weights = ranked(w, from.length, "w", ctx);
    const [images, channels] = from as [Dim, Dim];
    const [inputs, perGroup] = weights as [Dim, Dim];
    checkGroups(attrs.group, [channels], ctx);
    agree(inputs, channels, "channels of x", ctx);
    const outputs = mul(perGroup, attrs.group);
    if (b) agree(outputs, ranked(b, 1, "b", ctx)[0] as Dim, "extent of b", ctx);
    return [tensorType(dtype, [images, outputs, ...spreadingWindow(from, weights, attrs, ctx).output])];
  },

  evaluate({ x, w, b }, attrs) {
    return [transposed(x, w, b, attrs)];
  },

  lower({ x, w, b }, attrs, l) {
    const y = l.output(0);
    expectExtents(l, [shapeOf(x)[1] as Dim], [shapeOf(w)[0] as Dim]);
    l.call("ops::conv_transpose", [
      read(x),
      shape(x),
      read(w),
      readOption(b),
      int(attrs.group),
      windowArg(spreadingWindow(shapeOf(x), shapeOf(w), attrs, accepted)),
      scratch(wideOf(tensorOf(y).dtype), product(shapeOf(y).slice(2))),
      write(y),
      shape(y),
    ]);
  },

  macs: ({ x, w }) => mul(product(shapeOf(x)), product(shapeOf(w).slice(1))),
});

/** The window of the convolution that this transposes; `output` are the extents of y. */
function spreadingWindow(x: readonly Dim[], w: readonly Dim[], attrs: Attrs, ctx: Fail): Window {
  const input = x.slice(2);
  const rank = input.length;
  const kernel = kernelExtents(w.slice(2), attrs.kernel_shape, ctx);
  const strides = perAxis(attrs.strides, rank, "strides", 1, 1, ctx);
  const dilations = perAxis(attrs.dilations, rank, "dilations", 1, 1, ctx);
  const pads = perAxis(attrs.pads, 2 * rank, "pads", 0, 0, ctx);
  const extra = perAxis(attrs.output_padding, rank, "output_padding", 0, 0, ctx);
  // Some exporters give the extents of images and channels, too.
  const wanted = attrs.output_shape.length === rank + 2 ? attrs.output_shape.slice(2) : attrs.output_shape;
  if (wanted.length > 0) perAxis(wanted, rank, "output_shape", 0, 0, ctx);
  const same = attrs.auto_pad === "SAME_UPPER" || attrs.auto_pad === "SAME_LOWER";
  const axes = input.map((extent, axis) => {
    const stride = strides[axis] as number;
    const reach = add(mul(sub(kernel[axis] as Dim, 1), dilations[axis] as number), 1);
    const full = add(add(mul(sub(extent, 1), stride), extra[axis] as number), reach);
    if (wanted.length > 0 || same) {
      const output = wanted[axis] ?? mul(extent, stride);
      const total = max(0, sub(full, output));
      const half = floorDiv(total, 2);
      const begin = attrs.auto_pad === "SAME_UPPER" ? half : sub(total, half);
      return { begin, end: sub(total, begin), output };
    }
    const [begin, end] = attrs.auto_pad === "VALID" ? [0, 0] : [pads[axis] as number, pads[axis + rank] as number];
    return { begin, end, output: sub(full, begin + end) };
  });
  for (const { output } of axes)
    if (isStatic(output) && output < 0)
      ctx.fail("E0201", { what: "pads", expected: "less than the result", found: pads.join(", ") });
  return {
    kernel,
    strides,
    dilations,
    begin: axes.map((a) => a.begin),
    end: axes.map((a) => a.end),
    output: axes.map((a) => a.output),
  };
}

/** The transposed convolution by definition. */
function transposed(x: Tensor, w: Tensor, b: Tensor | undefined, attrs: Attrs): Tensor {
  const input = x.shape.slice(2);
  const window = spreadingWindow(x.shape, w.shape, attrs, accepted) as StaticWindow;
  // Where the convolution reads, its transpose writes.
  const pairs = tapPairs({ ...window, output: input }, window.output);
  const [images, channels] = x.shape as readonly [number, number];
  const perGroup = w.shape[1] as number;
  const [plane, from, outputs] = [sizeOf(window.output), sizeOf(input), perGroup * attrs.group];
  const sums: Sums = (ring, operand, put) => {
    const [p, q] = [operand(0), operand(1)];
    const bias = b ? operand(2) : undefined;
    type E = typeof ring.zero;
    for (let n = 0; n < images; n++)
      for (let m = 0; m < outputs; m++) {
        const acc = new Array<E>(plane).fill(bias ? (bias[m] as E) : ring.zero);
        const group = Math.floor(m / perGroup);
        for (let c = (group * channels) / attrs.group; c < ((group + 1) * channels) / attrs.group; c++)
          pairs.forEach((list, t) => {
            const weight = q[(c * perGroup + (m % perGroup)) * pairs.length + t] as E;
            for (let i = 0; i < list.length; i += 2) {
              const at = list[i] as number;
              const value = p[(n * channels + c) * from + (list[i + 1] as number)] as E;
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
