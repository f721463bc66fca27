/** What `Resize` and `Upsample` share: axes, extents and factors, as far as they are known when compiling. */
import { attr, optional } from "../ir/attr.ts";
import { type Dim, floorDiv, isStatic, mul } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import type { AttrsOf, InferContext } from "../ir/op_def.ts";
import { numbers } from "../ir/tensor.ts";
import { contentsIn } from "./contents.ts";
import { agree, axesIn, ranked, shapeIn } from "./shape_rules.ts";

export const resizeAttrs = {
  antialias: attr.bool(false),
  axes: attr.ints(optional),
  coordinate_transformation_mode: attr.oneOf(
    [
      "half_pixel",
      "half_pixel_symmetric",
      "pytorch_half_pixel",
      "align_corners",
      "asymmetric",
      "tf_crop_and_resize",
      // Only version 11 had it.
      "tf_half_pixel_for_nn",
    ],
    "half_pixel",
  ),
  cubic_coeff_a: attr.float(-0.75),
  exclude_outside: attr.bool(false),
  extrapolation_value: attr.float(0),
  keep_aspect_ratio_policy: attr.oneOf(["stretch", "not_larger", "not_smaller"], "stretch"),
  mode: attr.oneOf(["nearest", "linear", "cubic"], "nearest"),
  nearest_mode: attr.oneOf(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"], "round_prefer_floor"),
} as const;
export type ResizeAttrs = AttrsOf<typeof resizeAttrs>;
export type Policy = ResizeAttrs["keep_aspect_ratio_policy"];

/** An operand of no elements counts as absent, as before version 13. */
export function given(v: Value | undefined): Value | undefined {
  const shape = v?.type.kind === "tensor" ? v.type.shape : undefined;
  return shape?.length === 1 && shape[0] === 0 ? undefined : v;
}

/** The axes that sizes and factors are about: all, or those given, counted from the front. */
export const axesOf = (axes: readonly number[] | undefined, rank: number): readonly number[] =>
  axes?.map((a) => (a < 0 ? a + rank : a)) ?? Array.from({ length: rank }, (_, i) => i);

/** The factors of a constant; undefined where only the run knows them. */
export const knownFloats = (v: Value | undefined): readonly number[] | undefined =>
  v?.literal && numbers(v.literal.load());

/** `⌊extent·scale⌋`, the product in f32 as ONNX's own shape inference and ONNX Runtime compute it. */
export const scaledExtent = (extent: number, scale: number): number =>
  Math.floor(Math.fround(Math.fround(extent) * Math.fround(scale)));

/** Denominators of factors whose extents are written as expressions: those whose products in f32 are exact. */
const denominators = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** `⌊extent·scale⌋` as an expression, where the factor is a fraction with a small power of two below. */
function scaledDim(extent: Dim, scale: number): Dim | undefined {
  if (isStatic(extent)) return scaledExtent(extent, scale);
  const denominator = denominators.find((d) => Number.isInteger(scale * d));
  return denominator === undefined ? undefined : floorDiv(mul(extent, scale * denominator), denominator);
}

/** The one factor that keeps the proportions of axes that get these sizes at most, or at least. */
export const commonScale = (extents: readonly number[], sizes: readonly number[], policy: Policy): number => {
  const scales = sizes.map((size, i) => size / (extents[i] as number));
  return policy === "not_larger" ? Math.min(...scales) : Math.max(...scales);
};

/** Extents of the result. What only the run knows is fresh. */
export function resizedExtents(
  x: Value,
  scales: Value | undefined,
  sizes: Value | undefined,
  { axes: attribute, keep_aspect_ratio_policy: policy }: Pick<ResizeAttrs, "axes" | "keep_aspect_ratio_policy">,
  ctx: InferContext,
): readonly Dim[] {
  const from = shapeIn(x, "x", ctx);
  if (attribute) axesIn(attribute, from.length, ctx);
  const axes = axesOf(attribute, from.length);
  const operand = scales ?? sizes;
  if (!operand || (scales && sizes))
    return ctx.fail("E0201", {
      what: "operands",
      expected: "either scales or sizes",
      found: operand ? "both" : "neither",
    });
  agree(axes.length, ranked(operand, 1, "scales or sizes", ctx)[0] as Dim, "number of scales or sizes", ctx);
  const wanted = scales ? byScales(from, scales, axes, ctx) : bySizes(from, sizes as Value, axes, policy);
  const extents = from.map((d, axis) => (axes.includes(axis) ? (wanted[axes.indexOf(axis)] ?? ctx.fresh()) : d));
  extents.forEach((d, axis) => {
    const extent = from[axis] as Dim;
    if (isStatic(d) && (d < 0 || (extent === 0 && d > 0)))
      ctx.fail("E0201", { what: `extent of axis ${axis}`, expected: extent === 0 ? "0" : "0 or more", found: d });
  });
  return extents;
}

function byScales(
  from: readonly Dim[],
  scales: Value,
  axes: readonly number[],
  ctx: InferContext,
): readonly (Dim | undefined)[] {
  const known = knownFloats(scales);
  for (const scale of known ?? [])
    if (!(scale > 0)) ctx.fail("E0201", { what: "a scale", expected: "greater than 0", found: scale });
  return axes.map((axis, i) => (known ? scaledDim(from[axis] as Dim, known[i] as number) : undefined));
}

function bySizes(
  from: readonly Dim[],
  sizes: Value,
  axes: readonly number[],
  policy: Policy,
): readonly (Dim | undefined)[] {
  const known = contentsIn(sizes) ?? [];
  if (policy === "stretch") return axes.map((_, i) => known[i]);
  const extents = axes.map((axis) => from[axis] as Dim);
  if (!extents.every(isStatic) || known.length === 0 || !known.every((d) => typeof d === "number")) return [];
  const scale = commonScale(extents, known as readonly number[], policy);
  return extents.map((extent) => Math.floor(scale * extent + 0.5));
}

/** Whether an axis stays as it is, by what is known: then there is nothing to do. */
export const staysAsItIs = (x: Value, y: Value, axis: number, scale: number | undefined): boolean => {
  const [from, to] = [shapeOf(x)[axis], shapeOf(y)[axis]];
  const same = from === to || (typeof from === "object" && typeof to === "object" && from.key === to.key);
  return same && (scale === undefined || scale === 1);
};
