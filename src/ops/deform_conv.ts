/**
 * A convolution whose taps read at places moved by `offset`, linearly between elements and zeros outside, weighted by `mask`:
 * `y[n, m, o] = b[m] + Σ_c Σ_t w[m, c, t]·mask[n, g·t, o]·x[n, c, o·stride + t·dilation − pad + offset[n, g·t·axis, o]]`, where
 * the input channels are shared out to `offset_group` groups g.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__DeformConv.html; Dai et al. 2017, arXiv:1703.06211
 */
import { attr } from "../ir/attr.ts";
import { type Dim, mul, product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { type AttrsOf, defineOp } from "../ir/op_def.ts";
import { int, read, readOption, scratch, shape, struct, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { checkGroups, convMacs, convolved, expectChannels, windowOf } from "./conv.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { eachTap, tapsAt } from "./sampling.ts";
import { agree, dtypeIn, ranked, sameDType } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";
import {
  accepted,
  indices,
  kernelExtents,
  type StaticWindow,
  slidingWindow,
  windowArg,
  windowAttrs,
} from "./window.ts";

const { auto_pad: _, ...explicit } = windowAttrs;
const attrs = { ...explicit, group: attr.int(1), offset_group: attr.int(1) } as const;
type Attrs = AttrsOf<typeof attrs>;
const withPads = (attrs: Attrs) => ({ ...attrs, auto_pad: "NOTSET" as const });

export const deformConv = defineOp({
  name: "deform_conv",
  summary: "Convolution whose taps read where the data says.",
  onnx: { type: "DeformConv", since: [19, 22] },
  inputs: { x: "required", w: "required", offset: "required", b: "optional", mask: "optional" },
  outputs: { y: "required" },
  attrs,
  error: "computed in double precision, rounded once",

  infer({ x, w, offset, b, mask }, attrs, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    sameDType([x, w, offset, b, mask], ctx);
    const extents = convolved(x, w, b, withPads(attrs), ctx);
    if (attrs.offset_group < 1)
      ctx.fail("E0202", { name: "offset_group", value: attrs.offset_group, expected: "at least 1" });
    checkGroups(attrs.offset_group, [shapeOf(x)[1] as Dim], ctx);
    const taps = mul(product(windowOf(x, w, withPads(attrs), ctx).kernel), attrs.offset_group);
    const expected = (channels: Dim): readonly Dim[] => [extents[0] as Dim, channels, ...extents.slice(2)];
    const check = (found: readonly Dim[], wanted: readonly Dim[], what: string): void =>
      wanted.forEach((d, axis) => {
        agree(d, found[axis] as Dim, `axis ${axis} of ${what}`, ctx);
      });
    check(ranked(offset, extents.length, "offset", ctx), expected(mul(taps, extents.length - 2)), "offset");
    if (mask) check(ranked(mask, extents.length, "mask", ctx), expected(taps), "mask");
    return [tensorType(dtype, extents)];
  },

  evaluate({ x, w, offset, b, mask }, attrs) {
    const axes = x.shape.slice(2);
    const kernel = kernelExtents(w.shape.slice(2), attrs.kernel_shape, accepted);
    const window = slidingWindow(axes, kernel, withPads(attrs), accepted) as StaticWindow;
    const [images, channels] = x.shape as readonly [number, number];
    const [outputs, inputs] = w.shape as readonly [number, number];
    const shape = [images, outputs, ...window.output];
    const count = sizeOf(window.output);
    const data = allocate(x.dtype, sizeOf(shape)) as NumberArray;
    const weights = numbers(w);
    for (let n = 0; n < images; n++)
      [...indices(window.output)].forEach((position, place) => {
        const reads = readsAt(n, position, place, count, { x, offset, mask }, window, attrs.offset_group);
        for (let m = 0; m < outputs; m++) {
          const first = Math.floor((m * attrs.group) / outputs) * (channels / attrs.group);
          let sum = b ? (b.data[m] as number) : 0;
          for (let c = 0; c < inputs; c++)
            reads[first + c]?.forEach((v, t, all) => {
              sum += v * (weights[(m * inputs + c) * all.length + t] as number);
            });
          data[(n * outputs + m) * count + place] = toElement(x.dtype, sum);
        }
      });
    return [{ dtype: x.dtype, shape, data }];
  },

  lower({ x, w, offset, b, mask }, attrs, l) {
    const y = l.output(0);
    const window = windowOf(x, w, withPads(attrs));
    expectChannels(l, x, w, attrs.group);
    const channels = (n: Dim): readonly Dim[] => [shapeOf(y)[0] as Dim, n, ...shapeOf(y).slice(2)];
    const taps = mul(product(window.kernel), attrs.offset_group);
    expectExtents(l, shapeOf(offset), channels(mul(taps, window.kernel.length)));
    if (mask) expectExtents(l, shapeOf(mask), channels(taps));
    l.call("ops::deform_conv", [
      read(x),
      read(w),
      read(offset),
      readOption(b),
      readOption(mask),
      struct("ops::Deformable", [
        ["x_shape", shape(x)],
        ["y_shape", shape(y)],
        ["groups", int(attrs.group)],
        ["offset_groups", int(attrs.offset_group)],
      ]),
      windowArg(window),
      scratch("f64", mul(shapeOf(x)[1] as Dim, product(window.kernel))),
      write(y),
    ]);
  },

  macs: ({ w }, _, [y]) => (y ? convMacs(w, y) : 0),
});

interface Operands {
  readonly x: Tensor;
  readonly offset: Tensor;
  readonly mask: Tensor | undefined;
}

/** What each tap reads of each channel for one place of the result. */
function readsAt(
  n: number,
  position: readonly number[],
  place: number,
  count: number,
  { x, offset, mask }: Operands,
  window: StaticWindow,
  groups: number,
): readonly (readonly number[])[] {
  const axes = x.shape.slice(2);
  const [channels, plane, taps] = [x.shape[1] as number, sizeOf(axes), sizeOf(window.kernel)];
  return Array.from({ length: channels }, (_, c) => {
    const group = n * groups + Math.floor((c * groups) / channels);
    return [...indices(window.kernel)].map((tap, t) => {
      const along = axes.map((extent, axis) => {
        const fixed =
          (position[axis] as number) * (window.strides[axis] as number) +
          (tap[axis] as number) * (window.dilations[axis] as number);
        const shift = offset.data[((group * taps + t) * axes.length + axis) * count + place] as number;
        return tapsAt(fixed - (window.begin[axis] as number) + shift, extent, "linear", "zeros", true);
      });
      let sum = 0;
      eachTap(along, axes, (at, weight) => {
        sum += weight * (x.data[(n * channels + c) * plane + at] as number);
      });
      return sum * (mask ? (mask.data[(group * taps + t) * count + place] as number) : 1);
    });
  });
}
