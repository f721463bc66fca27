/**
 * `y = saturate(round((b + Σ (w − w_zero)·(x − x_zero)) · x_scale·w_scale / y_scale) + y_zero)`, rounded to nearest even.
 * Scale and zero point of w are one number or one per output channel; the sum is exact modulo 2³².
 *
 * Source: https://onnx.ai/onnx/operators/onnx__QLinearConv.html
 */
import type { Dim } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dims, read, readOption, shape, struct, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { convAttrs, convMacs, convolve, convolved } from "./conv.ts";
import { alongChannels, byteDTypes, centred, checkPerChannel, convolveIntegers } from "./conv_integer.ts";
import { broadcastStrides, eachIndex, toElement } from "./numeric.ts";
import { oneElement, saturated } from "./requantize.ts";
import { agree, dtypeIn, ranked, sameDType } from "./shape_rules.ts";

export const qlinearConv = defineOp({
  name: "qlinear_conv",
  summary: "Convolution of quantised arrays, quantised.",
  onnx: { type: "QLinearConv", since: [10] },
  inputs: {
    x: "required",
    x_scale: "required",
    x_zero_point: "required",
    w: "required",
    w_scale: "required",
    w_zero_point: "required",
    y_scale: "required",
    y_zero_point: "required",
    b: "optional",
  },
  outputs: { y: "required" },
  attrs: convAttrs,
  error: "exact sums modulo 2³², scaled in double precision and rounded once",

  infer({ x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, b }, attrs, ctx) {
    dtypeIn(x, byteDTypes, "x", ctx);
    dtypeIn(w, byteDTypes, "w", ctx);
    sameDType([x, x_zero_point], ctx);
    sameDType([w, w_zero_point], ctx);
    for (const scale of [x_scale, w_scale, y_scale]) dtypeIn(scale, ["f32"], "a scale", ctx);
    if (b) dtypeIn(b, ["i32"], "b", ctx);
    oneElement(x_scale, "x_scale", ctx);
    oneElement(x_zero_point, "x_zero_point", ctx);
    oneElement(y_scale, "y_scale", ctx);
    oneElement(y_zero_point, "y_zero_point", ctx);
    checkPerChannel(w_scale, w, "w_scale", ctx);
    checkPerChannel(w_zero_point, w, "w_zero_point", ctx);
    const extents = convolved(x, w, undefined, attrs, ctx);
    if (b) agree(extents[1] as Dim, ranked(b, 1, "b", ctx)[0] as Dim, "extent of b", ctx);
    return [tensorType(dtypeIn(y_zero_point, byteDTypes, "y_zero_point", ctx), extents)];
  },

  evaluate({ x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, b }, attrs) {
    const one = x_zero_point.shape.length === 0 ? x_zero_point : { ...x_zero_point, shape: [] };
    const sums = convolve(centred(x, one), centred(w, w_zero_point), b, attrs);
    const [[scaleX], scalesW, [scaleY], [zeroY]] = [x_scale, w_scale, y_scale, y_zero_point].map(numbers) as [
      number[],
      number[],
      number[],
      number[],
    ];
    const strides = broadcastStrides(alongChannels(w_scale.shape, sums.shape.length - 2), sums.shape);
    const { dtype } = y_zero_point;
    const data = allocate(dtype, sums.data.length) as NumberArray;
    eachIndex(sums.shape, [strides], (i, [channel]) => {
      const factor = ((scaleX as number) * (scalesW[channel as number] as number)) / (scaleY as number);
      data[i] = saturated(dtype, Number(sums.data[i]) * factor, zeroY as number, toElement);
    });
    return [{ dtype, shape: sums.shape, data }];
  },

  lower({ x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, b }, attrs, l) {
    const y = l.output(0);
    const sums = l.temporary("i32", shapeOf(y));
    const axes = shapeOf(y).length - 2;
    convolveIntegers(l, { x, w, xZero: x_zero_point, wZero: w_zero_point }, attrs, sums);
    l.call("ops::requantize", [
      read(sums),
      readOption(b),
      dims(b ? alongChannels(shapeOf(b), axes) : []),
      struct("ops::Scales", [
        ["a", read(x_scale)],
        ["a_shape", dims([])],
        ["b", read(w_scale)],
        ["b_shape", dims(alongChannels(shapeOf(w_scale), axes))],
        ["y", read(y_scale)],
      ]),
      readOption(y_zero_point),
      bool(true),
      write(y),
      shape(y),
    ]);
  },

  macs: ({ w }, _, [y]) => convMacs(w, y as Value),
});
