/**
 * The greatest element of each bin of each region `rois[r] = [image, x1, y1, x2, y2]`. Corners times `spatial_scale` are
 * rounded to pixels (halves away from 0), both ends included; a region has at least one pixel and is cut to the image. Bins
 * share the pixels that they have a part of; a bin without pixels gives 0. An image that does not exist is an error of the
 * run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MaxRoiPool.html; Girshick 2015, "Fast R-CNN", §2.1, for the bins
 */
import { attr, required } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { float, read, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { expectExtents } from "./operands.ts";
import { agree, dtypeIn, ranked, sameDType } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

export const maxRoiPool = defineOp({
  name: "max_roi_pool",
  summary: "The greatest element of each bin of regions.",
  onnx: { type: "MaxRoiPool", since: [1, 22] },
  inputs: { x: "required", rois: "required" },
  outputs: { y: "required" },
  attrs: { pooled_shape: attr.ints(required), spatial_scale: attr.float(1) },
  error: "exact",

  infer({ x, rois }, { pooled_shape }, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    sameDType([x, rois], ctx);
    if (pooled_shape.length !== 2 || pooled_shape.some((n) => n < 1))
      ctx.fail("E0202", { name: "pooled_shape", value: pooled_shape.join(", "), expected: "two positive numbers" });
    const [, channels] = ranked(x, 4, "x", ctx) as [Dim, Dim];
    const [regions, numbers] = ranked(rois, 2, "rois", ctx) as [Dim, Dim];
    agree(5, numbers, "axis 1 of rois", ctx);
    return [tensorType(dtype, [regions, channels, ...pooled_shape])];
  },

  evaluate({ x, rois }, { pooled_shape, spatial_scale }) {
    const [images, channels, height, width] = x.shape as readonly [number, number, number, number];
    const [rows, columns] = pooled_shape as readonly [number, number];
    const regions = rois.shape[0] as number;
    const shape = [regions, channels, rows, columns];
    const data = allocate(x.dtype, sizeOf(shape)) as NumberArray;
    const values = numbers(rois);
    for (let i = 0; i < data.length; i++) {
      const [r, c] = [Math.floor(i / (channels * rows * columns)), Math.floor(i / (rows * columns)) % channels];
      const region = values.slice(r * 5, r * 5 + 5);
      const image = Math.trunc(region[0] as number);
      const at = image < 0 ? image + images : image;
      if (at < 0 || at >= images) throw new RangeError(`image ${image} of ${images}`);
      const [x1, y1, x2, y2] = region.slice(1).map((v) => roundHalfAway(v * spatial_scale)) as [
        number,
        number,
        number,
        number,
      ];
      const [top, bottom] = bin(y1, y2, Math.floor(i / columns) % rows, rows, height);
      const [left, right] = bin(x1, x2, i % columns, columns, width);
      let greatest: number | undefined;
      for (let p = top; p < bottom; p++)
        for (let q = left; q < right; q++) {
          const v = x.data[((at * channels + c) * height + p) * width + q] as number;
          greatest = greatest === undefined ? v : Math.max(greatest, v);
        }
      data[i] = greatest ?? 0;
    }
    return [{ dtype: x.dtype, shape, data }];
  },

  lower({ x, rois }, { spatial_scale }, l) {
    const y = l.output(0);
    expectExtents(l, shapeOf(rois), [shapeOf(y)[0] as Dim, 5]);
    l.call("ops::max_roi_pool", [read(x), shape(x), read(rois), float(spatial_scale, "f64"), write(y), shape(y)], {
      fallible: true,
    });
  },
});

const roundHalfAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

/** Pixels of bin `i` between two pixels, both included, that exist: the first, and one past the last. */
function bin(first: number, last: number, i: number, bins: number, extent: number): [number, number] {
  const size = Math.max(last - first + 1, 1) / bins;
  const inside = (at: number): number => Math.min(Math.max(at + first, 0), extent);
  return [inside(Math.floor(i * size)), inside(Math.ceil((i + 1) * size))];
}
