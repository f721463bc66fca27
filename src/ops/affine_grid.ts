/**
 * `grid[n, …place, :] = theta[n]·(place, 1)`: affine maps of the places of images of extents `size` `[n, c, …]`. Coordinates
 * run from −1 to 1, the last axis first; with `align_corners` those are the centres of the first and the last place (a
 * single one is at −1), otherwise their outer edges.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__AffineGrid.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dim, read, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { toElement } from "./numeric.ts";
import { bindExtents } from "./operands.ts";
import { agree, dtypeIn, ranked } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";
import { indices } from "./window.ts";

export const affineGrid = defineOp({
  name: "affine_grid",
  summary: "Places of images under affine maps.",
  onnx: { type: "AffineGrid", since: [20] },
  inputs: { theta: "required", size: "required" },
  outputs: { grid: "required" },
  attrs: { align_corners: attr.bool(false) },
  error: "computed in double precision, rounded once",

  infer({ theta, size }, _, ctx) {
    const dtype = dtypeIn(theta, floatTypes, "theta", ctx);
    dtypeIn(size, ["i64"], "size", ctx);
    const [length] = ranked(size, 1, "size", ctx) as [Dim];
    const [images, rows, columns] = ranked(theta, 3, "theta", ctx) as [Dim, Dim, Dim];
    // Either operand tells the number of axes.
    const rank = isStatic(length) ? length - 2 : rows;
    if (!isStatic(rank)) return ctx.fail("E0205", { what: "the number of entries of size" });
    if (rank !== 2 && rank !== 3) ctx.fail("E0201", { what: "entries of size", expected: "4 or 5", found: rank + 2 });
    agree(rank + 2, length, "entries of size", ctx);
    agree(rank, rows, "axis 1 of theta", ctx);
    agree(rank + 1, columns, "axis 2 of theta", ctx);
    const known = contentsIn(size);
    const count = known?.[0] === undefined ? images : agree(images, known[0], "images of size", ctx);
    const places = Array.from({ length: rank }, (_, axis) => known?.[axis + 2] ?? ctx.fresh());
    return [tensorType(dtype, [count, ...places, rank])];
  },

  evaluate({ theta, size }, { align_corners }) {
    const [images, , ...places] = numbers(size) as [number, number, ...number[]];
    if (images !== theta.shape[0]) throw new RangeError(`${images} images where theta has ${theta.shape[0]}`);
    const rank = places.length;
    const shape = [images, ...places, rank];
    const data = allocate(theta.dtype, sizeOf(shape)) as NumberArray;
    let next = 0;
    for (let n = 0; n < images; n++)
      for (const place of indices(places)) {
        const point = [...place.map((at, axis) => normalized(at, places[axis] as number, align_corners)).reverse(), 1];
        for (let i = 0; i < rank; i++) {
          const row = point.map((x, j) => x * (theta.data[(n * rank + i) * (rank + 1) + j] as number));
          data[next++] = toElement(
            theta.dtype,
            row.reduce((a, b) => a + b),
          );
        }
      }
    return [{ dtype: theta.dtype, shape, data }];
  },

  lower({ theta, size }, { align_corners }, l) {
    const grid = l.output(0);
    // An axis of the grid is the entry behind it of size.
    bindExtents(l, grid, "ops::affine_grid_extents", [read(size), dim(shapeOf(theta)[0] as Dim)]);
    l.call("ops::affine_grid", [read(theta), bool(align_corners), write(grid), shape(grid)]);
  },
});

/** Coordinate of a place, −1 … 1. */
const normalized = (place: number, extent: number, aligned: boolean): number =>
  aligned ? (place * 2) / (Math.max(extent, 2) - 1) - 1 : (2 * place + 1) / extent - 1;
