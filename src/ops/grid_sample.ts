/**
 * `x[n, c, …]` sampled where `grid[n, …, :]` says, in coordinates from −1 to 1, the last axis first: the nearest element (ties
 * to even), or linear or cubic (a = −0.75) interpolation along each axis. Outside are zeros, the border, or reflections, for
 * each element that a sample is made of (as in PyTorch; ONNX's reference moves the place itself to the border, which differs
 * for cubic samples).
 * With `align_corners` −1 and 1 are the centres of the first and the last element, otherwise their outer edges. Integers
 * are rounded to nearest; a NaN coordinate counts as −1.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__GridSample.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { type DType, isBig } from "../ir/dtype.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, read, shape, struct, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf, type TensorData } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { roundHalfEven } from "./requantize.ts";
import { eachTap, type Interpolation, tapsAt } from "./sampling.ts";
import { agree, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

const numeric: readonly DType[] = ["f32", "f64", "f16", "bf16", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"];
/** The variants of the runtime's enums. */
const variants = {
  nearest: "Nearest",
  linear: "Linear",
  cubic: "Cubic",
  zeros: "Zeros",
  border: "Border",
  reflection: "Reflection",
} as const;
/** Names of modes before version 20. */
const oldModes: Readonly<Record<string, Interpolation>> = { bilinear: "linear", bicubic: "cubic" };

export const gridSample = defineOp({
  name: "grid_sample",
  summary: "Samples of images at places between their elements.",
  onnx: {
    type: "GridSample",
    since: [16, 20, 22],
    adapt: (node, version) =>
      version >= 20
        ? node
        : {
            ...node,
            attributes: node.attributes.map((a) =>
              a.name === "mode" && a.kind === "string" ? { ...a, value: oldModes[String(a.value)] ?? a.value } : a,
            ),
          },
  },
  inputs: { x: "required", grid: "required" },
  outputs: { y: "required" },
  attrs: {
    align_corners: attr.bool(false),
    mode: attr.oneOf(["linear", "nearest", "cubic"], "linear"),
    padding_mode: attr.oneOf(["zeros", "border", "reflection"], "zeros"),
  },
  error: "computed in double precision, rounded once",

  infer({ x, grid }, { mode }, ctx) {
    // Interpolation needs numbers; the nearest element may be of any type.
    const dtype = dtypeIn(x, mode === "nearest" ? [...numeric, "bool", "string"] : numeric, "x", ctx);
    dtypeIn(grid, floatTypes, "grid", ctx);
    const extents = shapeIn(x, "x", ctx);
    if (extents.length < 3) ctx.fail("E0201", { what: "rank of x", expected: "3 or more", found: extents.length });
    const places = ranked(grid, extents.length, "grid", ctx);
    const images = agree(extents[0] as Dim, places[0] as Dim, "images of grid", ctx);
    agree(extents.length - 2, places.at(-1) as Dim, "coordinates of grid", ctx);
    return [tensorType(dtype, [images, extents[1] as Dim, ...places.slice(1, -1)])];
  },

  evaluate({ x, grid }, { align_corners, mode, padding_mode }) {
    const axes = x.shape.slice(2);
    const [channels, plane] = [x.shape[1] as number, sizeOf(axes)];
    const places = grid.shape.slice(1, -1);
    const count = sizeOf(places);
    const shape = [x.shape[0] as number, channels, ...places];
    const data = allocate(x.dtype, sizeOf(shape));
    const at = numbers(grid);
    for (let i = 0; i < (shape[0] as number) * count; i++) {
      const coordinates = at.slice(i * axes.length, (i + 1) * axes.length).reverse();
      const taps = axes.map((extent, axis) => {
        const place = denormalized(coordinates[axis] as number, extent, align_corners);
        return tapsAt(place, extent, mode, padding_mode, align_corners);
      });
      const n = Math.floor(i / count);
      for (let c = n * channels; c < (n + 1) * channels; c++)
        sample(x.data, c * plane, taps, axes, data, c * count + (i % count), x.dtype, mode);
    }
    return [{ dtype: x.dtype, shape, data }];
  },

  lower({ x, grid }, { align_corners, mode, padding_mode }, l) {
    const y = l.output(0);
    const [extents, places] = [shapeOf(x), shapeOf(grid)];
    expectExtents(l, [places[0] as Dim, places.at(-1) as Dim], [extents[0] as Dim, extents.length - 2]);
    const outside = struct(`ops::Outside::${variants[padding_mode]}`);
    const sampling =
      mode === "nearest"
        ? [outside, bool(align_corners)]
        : [
            struct("ops::Sampling", [
              ["interpolation", struct(`ops::Interpolation::${variants[mode]}`)],
              ["outside", outside],
              ["align_corners", bool(align_corners)],
            ]),
          ];
    const kernel = mode === "nearest" ? "ops::grid_sample_nearest" : "ops::grid_sample";
    l.call(kernel, [read(x), shape(x), read(grid), ...sampling, write(y), shape(y)]);
  },
});

function denormalized(v: number, extent: number, aligned: boolean): number {
  const x = Number.isNaN(v) ? -1 : v;
  return aligned ? ((x + 1) / 2) * (extent - 1) : ((x + 1) * extent - 1) / 2;
}

/** One sample of the plane that starts at `start`. */
function sample(
  x: TensorData,
  start: number,
  taps: Parameters<typeof eachTap>[0],
  axes: readonly number[],
  y: TensorData,
  at: number,
  dtype: DType,
  mode: Interpolation,
): void {
  if (mode === "nearest") {
    eachTap(taps, axes, (offset) => {
      (y as unknown[])[at] = x[start + offset];
    });
    return;
  }
  let sum = 0;
  eachTap(taps, axes, (offset, weight) => {
    sum += weight * Number(x[start + offset]);
  });
  const whole = floatTypes.includes(dtype) ? sum : roundHalfEven(sum);
  (y as unknown[])[at] = isBig(dtype) ? BigInt(whole) : toElement(dtype, whole);
}
