/**
 * Each bin of each region `[x1, y1, x2, y2]` sampled at `sampling_ratio` × `sampling_ratio` points (0: as many as the bin has
 * pixels), bilinearly. `avg` is the mean of the samples, `max` the greatest of all samples' weighted corners, as ONNX's
 * reference has it. A sample further than one pixel outside of the image is 0. An image that does not exist is an error of
 * the run.
 *
 * Version 10 had no choice of coordinates: pixel centres were at whole numbers.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__RoiAlign.html; He et al. 2017, "Mask R-CNN", §3
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, float, int, read, shape, struct, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { agree, dtypeIn, ranked, sameDType } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

export const roiAlign = defineOp({
  name: "roi_align",
  summary: "Bins of regions, sampled bilinearly.",
  onnx: {
    type: "RoiAlign",
    since: [10, 16, 22],
    adapt: (node, version) =>
      version >= 16
        ? node
        : {
            ...node,
            attributes: [
              ...node.attributes,
              { name: "coordinate_transformation_mode", kind: "string", value: "output_half_pixel" },
            ],
          },
  },
  inputs: { x: "required", rois: "required", batch_indices: "required" },
  outputs: { y: "required" },
  attrs: {
    coordinate_transformation_mode: attr.oneOf(["half_pixel", "output_half_pixel"], "half_pixel"),
    mode: attr.oneOf(["avg", "max"], "avg"),
    output_height: attr.int(1),
    output_width: attr.int(1),
    sampling_ratio: attr.int(0),
    spatial_scale: attr.float(1),
  },
  error: "computed in double precision, rounded once",

  infer({ x, rois, batch_indices }, { output_height, output_width, sampling_ratio }, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    sameDType([x, rois], ctx);
    dtypeIn(batch_indices, ["i64"], "batch_indices", ctx);
    for (const [name, value] of Object.entries({ output_height, output_width, sampling_ratio: sampling_ratio + 1 }))
      if (value < 1) ctx.fail("E0202", { name, value, expected: "not negative" });
    const [, channels] = ranked(x, 4, "x", ctx) as [Dim, Dim];
    const [regions, numbers] = ranked(rois, 2, "rois", ctx) as [Dim, Dim];
    agree(4, numbers, "axis 1 of rois", ctx);
    const count = agree(
      regions,
      ranked(batch_indices, 1, "batch_indices", ctx)[0] as Dim,
      "extent of batch_indices",
      ctx,
    );
    return [tensorType(dtype, [count, channels, output_height, output_width])];
  },

  evaluate({ x, rois, batch_indices }, attrs) {
    const [images, channels] = x.shape as readonly [number, number];
    const { output_height: rows, output_width: columns } = attrs;
    const shape = [rois.shape[0] as number, channels, rows, columns];
    const data = allocate(x.dtype, sizeOf(shape)) as NumberArray;
    const [regions, batch] = [numbers(rois), numbers(batch_indices)];
    const halfPixel = attrs.coordinate_transformation_mode === "half_pixel";
    for (let i = 0; i < data.length; i++) {
      const [r, c] = [Math.floor(i / (channels * rows * columns)), Math.floor(i / (rows * columns)) % channels];
      const image = batch[r] as number;
      const at = image < 0 ? image + images : image;
      if (at < 0 || at >= images) throw new RangeError(`image ${image} of ${images}`);
      const [x1, y1, x2, y2] = regions
        .slice(r * 4, r * 4 + 4)
        .map((v) => v * attrs.spatial_scale - (halfPixel ? 0.5 : 0)) as [number, number, number, number];
      const points = (start: number, end: number, bin: number, bins: number): number[] => {
        const size = (halfPixel ? end - start : Math.max(end - start, 1)) / bins;
        const count = attrs.sampling_ratio > 0 ? attrs.sampling_ratio : Math.max(Math.ceil(size), 0);
        return Array.from({ length: count }, (_, n) => start + (bin + (n + 0.5) / count) * size);
      };
      const samples = points(y1, y2, Math.floor(i / columns) % rows, rows).flatMap((p) =>
        points(x1, x2, i % columns, columns).map((q) => corners(x, at * channels + c, p, q)),
      );
      const value =
        attrs.mode === "max"
          ? samples.length === 0
            ? 0
            : Math.max(...samples.flat())
          : samples.flat().reduce((a, b) => a + b, 0) / Math.max(samples.length, 1);
      data[i] = toElement(x.dtype, value);
    }
    return [{ dtype: x.dtype, shape, data }];
  },

  lower({ x, rois, batch_indices }, attrs, l) {
    const y = l.output(0);
    expectExtents(l, shapeOf(rois), [shapeOf(batch_indices)[0] as Dim, 4]);
    const options = struct("ops::RoiAlign", [
      ["scale", float(attrs.spatial_scale, "f64")],
      ["samples", int(attrs.sampling_ratio)],
      ["half_pixel", bool(attrs.coordinate_transformation_mode === "half_pixel")],
      ["max", bool(attrs.mode === "max")],
    ]);
    l.call("ops::roi_align", [read(x), shape(x), read(rois), read(batch_indices), options, write(y), shape(y)], {
      fallible: true,
    });
  },
});

/** The four pixels around a point of a plane, each times its bilinear weight. */
function corners(x: Tensor, plane: number, row: number, column: number): readonly [number, number, number, number] {
  const [height, width] = x.shape.slice(2) as [number, number];
  if (!(row >= -1 && row <= height && column >= -1 && column <= width) || height * width === 0) return [0, 0, 0, 0];
  const along = (at: number, extent: number): readonly (readonly [number, number])[] => {
    const low = Math.floor(Math.max(at, 0));
    if (low + 1 >= extent)
      return [
        [extent - 1, 1],
        [extent - 1, 0],
      ];
    const part = Math.max(at, 0) - low;
    return [
      [low, 1 - part],
      [low + 1, part],
    ];
  };
  const columns = along(column, width);
  return along(row, height).flatMap(([i, wi]) =>
    columns.map(([j, wj]) => wi * wj * (x.data[(plane * height + i) * width + j] as number)),
  ) as unknown as readonly [number, number, number, number];
}
