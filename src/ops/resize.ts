/**
 * An array resampled to other extents: `sizes`, or extents times `scales`. Every element of the result has a place in the
 * input (`coordinate_transformation_mode`) and is the nearest element there, or a sum of the elements around it, weighted
 * linearly or by cubic convolution, one axis after the other. `antialias` stretches the weights where the result is
 * shorter. Integers are rounded to nearest, ties to even, and saturate.
 *
 * Extents by `scales` are `⌊extent·scale⌋`, the product in f32; the factor of `tf_crop_and_resize`'s part, which the text
 * multiplies as well, is left out as in ONNX's shape inference. Formulas that divide by a length use the length between
 * whole numbers that the factor gives, as ONNX's reference and tests do.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Resize.html; Keys 1981 for the cubic weights
 */
import { ceilDiv, type Dim, isStatic, max, mul, product } from "../ir/dim.ts";
import { bitsOf, type DType, isFloat, isInteger } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode } from "../ir/op_def.ts";
import {
  type Arg,
  bool,
  dim,
  dims,
  float,
  floats,
  int,
  type Lowering,
  option,
  read,
  rust,
  scratch,
  shape,
  struct,
  write,
} from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { bindExtents, indexList, integers } from "./operands.ts";
import { type Along, resizeTensor } from "./resize_reference.ts";
import {
  axesOf,
  commonScale,
  given,
  knownFloats,
  type ResizeAttrs,
  resizeAttrs,
  resizedExtents,
  scaledExtent,
  staysAsItIs,
} from "./resize_rules.ts";
import { agree, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { floatTypes, wholeTypes } from "./type_sets.ts";
import { wideOf } from "./wide.ts";

const numeric = wholeTypes.filter((d) => isFloat(d) || isInteger(d));
/** Complex numbers have no kernels. */
const movable = wholeTypes.filter((d) => !d.startsWith("c"));

export const resize = defineOp({
  name: "resize",
  summary: "An array resampled to other extents.",
  onnx: {
    type: "Resize",
    since: [10, 11, 13, 18, 19],
    adapt: (node, version) => (version === 10 ? adaptOldest(node) : node),
  },
  inputs: { x: "required", roi: "optional", scales: "optional", sizes: "optional" },
  outputs: { y: "required" },
  attrs: resizeAttrs,
  error:
    "nearest: exact; otherwise ≤ 4·K·ε·max|x| per axis, K taps, ε of f32 (f64 for f64 and integers of 32 bits and more)",

  infer({ x, roi, scales, sizes }, attrs, ctx) {
    const dtype = dtypeIn(x, attrs.mode === "nearest" ? movable : numeric, "x", ctx);
    if (given(scales)) dtypeIn(scales as Value, ["f32"], "scales", ctx);
    if (given(sizes)) dtypeIn(sizes as Value, ["i64"], "sizes", ctx);
    if (attrs.antialias && attrs.mode === "nearest")
      ctx.fail("E0202", { name: "antialias", value: 1, expected: "0 where mode is nearest" });
    if (attrs.coordinate_transformation_mode === "tf_crop_and_resize") {
      const part =
        given(roi) ??
        ctx.fail("E0201", { what: "roi", expected: "a part of the input, by coordinates", found: "none" });
      dtypeIn(x, numeric, "x", ctx);
      dtypeIn(part, floatTypes, "roi", ctx);
      const axes = attrs.axes?.length ?? shapeIn(x, "x", ctx).length;
      agree(2 * axes, ranked(part, 1, "roi", ctx)[0] as Dim, "number of entries of roi", ctx);
    }
    return [tensorType(dtype, resizedExtents(x, given(scales), given(sizes), attrs, ctx))];
  },

  evaluate({ x, roi, scales, sizes }, attrs) {
    const axes = axesOf(attrs.axes, x.shape.length);
    const extents = axes.map((axis) => x.shape[axis] as number);
    const factors = scales && scales.data.length > 0 ? numbers(scales) : undefined;
    const wanted = factors
      ? extents.map((e, i) => scaledExtent(e, factors[i] as number))
      : numbers(sizes as NonNullable<typeof sizes>);
    const policy = factors ? "stretch" : attrs.keep_aspect_ratio_policy;
    const common = commonScale(extents, wanted, policy);
    const parts = roi && roi.data.length > 0 ? numbers(roi) : [];
    const along = axes.map((axis, i): Along => {
      const [input, size] = [extents[i] as number, wanted[i] as number];
      const extent = policy === "stretch" ? size : Math.floor(common * input + 0.5);
      if (input === 0 && extent > 0) throw new RangeError(`axis ${axis} is empty`);
      const scale = policy === "stretch" ? (factors?.[i] ?? size / input) : common;
      return { axis, extent, scale, part: [parts[i] ?? 0, parts[axes.length + i] ?? 1] };
    });
    return [resizeTensor(x, along, attrs)];
  },

  lower({ x, roi, scales, sizes }, attrs, l) {
    lowerResize(l, x, { roi: given(roi), scales: given(scales), sizes: given(sizes) }, attrs);
  },
});

/** Version 10 had no choice of coordinates. */
const adaptOldest = (node: ImportNode): ImportNode => ({
  ...node,
  inputs: [node.inputs[0], undefined, node.inputs[1]],
  attributes: [
    ...node.attributes,
    { name: "coordinate_transformation_mode", kind: "string", value: "asymmetric" },
    { name: "nearest_mode", kind: "string", value: "floor" },
  ],
});

interface Operands {
  readonly roi: Value | undefined;
  readonly scales: Value | undefined;
  readonly sizes: Value | undefined;
}

/** `not_larger` as `NotLarger`: the variants of the runtime's enums. */
const variant = (name: string): string =>
  name
    .split("_")
    .map((part) => part[0]?.toUpperCase() + part.slice(1))
    .join("");
const ratioArg = (attrs: ResizeAttrs): Arg => struct(`ops::AspectRatio::${variant(attrs.keep_aspect_ratio_policy)}`);

/** The steps: extents and factors that only the run knows, then one axis after the other. */
function lowerResize(l: Lowering, x: Value, operands: Operands, attrs: ResizeAttrs): void {
  const y = l.output(0);
  const axes = axesOf(attrs.axes, shapeOf(x).length);
  const { scales, sizes } = operands;
  if (scales) bindExtents(l, y, "ops::scaled_extents", [shape(x), read(scales), indexList(axes)]);
  else bindExtents(l, y, "ops::sized_extents", [shape(x), integers(sizes), indexList(axes), ratioArg(attrs)]);
  const factors = factorsOf(l, x, operands, axes, attrs);
  const crop = attrs.coordinate_transformation_mode === "tf_crop_and_resize";
  const part = crop ? doubles(l, operands.roi as Value) : floats([], "f64");
  const todo = axes
    .map((axis, at) => ({ axis, at }))
    .filter(({ axis, at }) => crop || !staysAsItIs(x, y, axis, factors.known?.[at]));
  if (todo.length === 0) l.view(x, y);
  let [from, extents] = [x, shapeOf(x)];
  todo.forEach(({ axis, at }, n) => {
    const extent = shapeOf(y)[axis] as Dim;
    const wanted = extents.with(axis, extent);
    const last = n === todo.length - 1;
    const to = last
      ? y
      : l.temporary(attrs.mode === "nearest" ? tensorOf(x).dtype : sumType(tensorOf(x).dtype), wanted);
    const along = struct("ops::Resize", [
      ["axis", int(axis)],
      ["extent", dim(extent)],
      ["scales", factors.arg],
      ["roi", part],
      ["at", int(at)],
      ["coordinates", struct(`ops::Coordinates::${variant(attrs.coordinate_transformation_mode)}`)],
    ]);
    const operand = [read(from), dims(extents), along];
    if (attrs.mode === "nearest") lowerNearest(l, operand, attrs, extent, to, crop);
    else lowerFiltered(l, operand, attrs, extents, axis, extent, tensorOf(x).dtype, to);
    [from, extents] = [to, wanted];
  });
}

function lowerNearest(
  l: Lowering,
  operand: readonly Arg[],
  attrs: ResizeAttrs,
  extent: Dim,
  to: Value,
  crop: boolean,
): void {
  const rounding = struct(`ops::Nearest::${variant(attrs.nearest_mode)}`);
  const rest = [scratch("i64", extent), write(to)];
  if (crop)
    l.call("ops::resize_nearest_crop", [...operand, rounding, float(attrs.extrapolation_value, "f64"), ...rest]);
  else l.call("ops::resize_nearest", [...operand, rounding, ...rest]);
}

/** Sums are in f32 where that holds the elements, else in f64. */
const sumType = (dtype: DType): DType =>
  wideOf(dtype) === "f32" || (isInteger(dtype) && bitsOf(dtype) <= 16) ? "f32" : "f64";

function lowerFiltered(
  l: Lowering,
  operand: readonly Arg[],
  attrs: ResizeAttrs,
  from: readonly Dim[],
  axis: number,
  extent: Dim,
  dtype: DType,
  to: Value,
): void {
  const taps = mostTaps(from[axis] as Dim, extent, attrs);
  const filter = struct("ops::Filter", [
    ["cubic", option(attrs.mode === "cubic" ? float(attrs.cubic_coeff_a, "f64") : undefined)],
    ["antialias", bool(attrs.antialias)],
    ["exclude_outside", bool(attrs.exclude_outside)],
    ["extrapolation", float(attrs.extrapolation_value, "f64")],
  ]);
  const sums = sumType(dtype);
  l.call("ops::resize_filtered", [
    ...operand,
    filter,
    dim(taps),
    scratch("i64", extent),
    scratch(sums, mul(extent, taps)),
    scratch(sums, product(from.slice(axis + 1))),
    write(to),
  ]);
}

/**
 * A bound of the number of rows that each row of the result is a sum of. Antialiased, a filter of radius r reaches
 * ⌈r / scale⌉ rows to each side, and 1/scale ≤ 2·input/extent however the extent came from the factor by rounding.
 */
function mostTaps(input: Dim, extent: Dim, { mode, antialias }: ResizeAttrs): Dim {
  const radius = mode === "cubic" ? 2 : 1;
  if (!antialias) return 2 * radius;
  const wide = ceilDiv(mul(input, 2 * radius), max(extent, 1));
  return mul(2, isStatic(wide) ? Math.max(wide, radius) : max(wide, radius));
}

/** The factors of the axes as an argument, and where they are known as numbers. */
function factorsOf(
  l: Lowering,
  x: Value,
  { scales, sizes }: Operands,
  axes: readonly number[],
  attrs: ResizeAttrs,
): { arg: Arg; known: readonly number[] | undefined } {
  if (scales) return { arg: doubles(l, scales), known: knownFloats(scales) };
  // Without factors of their own, extents tell them.
  if (attrs.keep_aspect_ratio_policy === "stretch") return { arg: floats([], "f64"), known: undefined };
  const factors = l.temporary("f64", [axes.length]);
  l.call("ops::keep_proportions", [shape(x), integers(sizes), indexList(axes), ratioArg(attrs), write(factors)]);
  // Not 1 as far as is known: no axis is left out.
  return { arg: read(factors), known: axes.map(() => Number.NaN) };
}

/** Floats as f64: a list where they are known, else a copy. */
function doubles(l: Lowering, v: Value): Arg {
  const known = l.constant(v);
  if (known) return floats(known, "f64");
  const copy = l.temporary("f64", shapeOf(v));
  const from = wideOf(tensorOf(v).dtype);
  l.call("ops::unary", [rust(from === "f64" ? "|x: f64| x" : "|x: f32| x as f64"), read(v), write(copy)]);
  return read(copy);
}
