/**
 * Two-dimensional convolution of f32 images with channels last, constant weights packed when compiling, and an epilogue:
 * `y[n, i, j, m] = act(Σ w[m, c, t]·x[n, i·s + t·d − pad, …, c] + bias[m] + residual[n, i, j, m])`. An operator of the IR's
 * own, made by `channels-last`; weights keep ONNX's order here.
 */
import { type Activation, applyActivation, identity } from "../ir/activation.ts";
import { attr } from "../ir/attr.ts";
import { areStatic, type Dim, mul, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { type Arg, dim, int, pool, read, rust, struct, table, write } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { permuted, toChannelsFirst, toChannelsLast } from "./channels_last.ts";
import { convolve } from "./conv.ts";
import { packConv2d, packDepthwise, packWinograd, winogradWins } from "./conv_packing.ts";
import { epilogueArg } from "./epilogue.ts";
import { ranked } from "./shape_rules.ts";
import { slidingWindow } from "./window.ts";

interface ConvAttrs {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly group: number;
}

export const convNhwc = defineOp({
  name: "conv_nhwc",
  summary: "Convolution of images with channels last, bias, residual and activation.",
  inputs: { x: "required", w: "required", bias: "optional", residual: "optional" },
  outputs: { y: "required" },
  attrs: {
    strides: attr.internal<readonly number[]>([1, 1]),
    /** Top, left, bottom, right. */
    pads: attr.internal<readonly number[]>([0, 0, 0, 0]),
    dilations: attr.internal<readonly number[]>([1, 1]),
    group: attr.internal(1),
    activation: attr.internal<Activation>(identity),
    residual_last: attr.internal(false),
  },

  infer({ x, w }, attrs, ctx) {
    const [n, h, wide] = ranked(x, 4, "x", ctx) as readonly [Dim, Dim, Dim, Dim];
    const [m, , ...kernel] = ranked(w, 4, "w", ctx) as readonly [Dim, Dim, Dim, Dim];
    const { output } = slidingWindow([h, wide], kernel, { ...attrs, auto_pad: "NOTSET" }, ctx);
    return [tensorType("f32", [n, ...output, m])];
  },

  evaluate({ x, w, bias, residual }, attrs) {
    const { activation, residual_last } = attrs;
    const window = {
      strides: attrs.strides,
      pads: attrs.pads,
      dilations: attrs.dilations,
      group: attrs.group,
      auto_pad: "NOTSET" as const,
      kernel_shape: [],
    };
    const y = permuted(convolve(permuted(x, toChannelsFirst), w, bias, window), toChannelsLast);
    const extra = residual?.data as Float32Array | undefined;
    const data = (y.data as Float32Array).map((sum, i) => {
      const r = extra?.[i] ?? 0;
      return residual_last ? applyActivation(activation, sum) + r : applyActivation(activation, sum + r);
    });
    return [{ ...y, data } satisfies Tensor];
  },

  lower({ x, w, bias, residual }, attrs, l) {
    const y = l.output(0);
    const [outputs, inputs, kh, kw] = shapeOf(w) as [number, number, number, number];
    const shape = conv2dArg(x, outputs, [kh, kw], attrs);
    const depthwise = attrs.group > 1 && inputs === 1 && outputs === attrs.group;
    const end = [epilogueArg(bias, residual, attrs), write(y)] as const;
    if (depthwise) l.call("conv::depthwise", [pool, shape, read(x), table(packDepthwise(w)), ...end]);
    else if (isWinograd(x, w, y, attrs))
      l.call("winograd", [pool, shape, read(x), table(packWinograd(w)), ...end, rust("f.scratch")]);
    else l.call("conv2d", [pool, shape, read(x), table(packConv2d(w, attrs.group)), ...end, rust("f.scratch")]);
  },

  error: "≤ (K + 2)·ε·(|bias| + Σ|x·w|), K = C/group·taps",
  macs: ({ w }, _, [y]) => mul(product(shapeOf(y as Value)), product(shapeOf(w).slice(1))),
});

/** Whether Winograd's algorithm applies and wins, as far as extents are known when compiling. */
function isWinograd(x: Value, w: Value, y: Value, attrs: ConvAttrs): boolean {
  const [, , kh, kw] = shapeOf(w) as [number, number, number, number];
  const plain = [...attrs.strides, ...attrs.dilations, attrs.group].every((n) => n === 1) && kh === 3 && kw === 3;
  const extents = [...shapeOf(y), shapeOf(x)[3] as Dim];
  if (!plain || !areStatic(extents)) return false;
  const [batch, height, wide, outputs, channels] = extents as readonly number[] as readonly [
    number,
    number,
    number,
    number,
    number,
  ];
  return winogradWins({ batch, output: [height, wide], channels, outputs });
}

/** `&rt::conv::Conv2d { … }` of an image operand with channels last. */
export function conv2dArg(x: Value, outputs: number, kernel: readonly number[], attrs: ConvAttrs): Arg {
  const [n, h, wide, c] = shapeOf(x) as readonly [Dim, Dim, Dim, Dim];
  const array = (values: readonly number[]): Arg => rust(`[${values.join(", ")}]`);
  const made = struct("conv::Conv2d", [
    ["batch", dim(n)],
    ["height", dim(h)],
    ["width", dim(wide)],
    ["channels", dim(c)],
    ["out_channels", int(outputs)],
    ["groups", int(attrs.group)],
    ["kernel", array(kernel)],
    ["stride", array(attrs.strides)],
    ["dilation", array(attrs.dilations)],
    ["pads", array(attrs.pads)],
  ]);
  return { kind: "reference", to: made };
}
