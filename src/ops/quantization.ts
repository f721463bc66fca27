/**
 * What quantising and dequantising share: which scale and zero point an element has.
 *
 * One for the whole array; one for each index of an axis; or, blocked, one for each run of `block_size` elements along an
 * axis. Source: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
 */
import { areStatic, ceilDiv, type Dim, dimText, isStatic, product, sameDim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import type { InferContext } from "../ir/op_def.ts";
import { type Arg, dims, int, type Lowering, shape } from "../ir/plan.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { axisIn, shapeIn } from "./shape_rules.ts";

/** Types that are quantised to, but for 32-bit integers. */
export const quantized: readonly DType[] = [
  ...(["i8", "u8", "i16", "u16", "i4", "u4", "i2", "u2"] as const),
  ...(["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f4e2m1"] as const),
];

/** May an array of this shape have one element? A symbolic extent may be 1; the kernels look at what it is. */
const mayHaveOne = (shape: readonly Dim[]): boolean => shape.every((d) => !isStatic(d) || d === 1);

/** Checks the shapes of scale and zero point against the array's. */
export function checkScales(
  x: Value,
  scale: Value,
  zero: Value | undefined,
  axis: number,
  block: number,
  ctx: InferContext,
): void {
  const [extents, scales] = [shapeIn(x, "x", ctx), shapeIn(scale, "the scale", ctx)];
  if (block < 0) ctx.fail("E0202", { name: "block_size", value: block, expected: "0 or more" });
  if (zero) {
    const zeros = shapeIn(zero, "the zero point", ctx);
    const fits =
      mayHaveOne(zeros) || (zeros.length === scales.length && zeros.every((d, i) => agree(d, scales[i] as Dim)));
    if (!fits) mismatch("shape of the zero point", scales, zeros, ctx);
  }
  if (block === 0 && mayHaveOne(scales)) return;
  const at = axisIn(axis, extents.length, ctx);
  const extent = extents[at] as Dim;
  const expected = block === 0 ? [extent] : extents.map((d, i) => (i === at ? ceilDiv(d, block) : d));
  const fits = scales.length === expected.length && scales.every((d, i) => agree(d, expected[i] as Dim));
  if (!fits) mismatch("shape of the scale", expected, scales, ctx);
}

/** May two extents be equal? */
const agree = (a: Dim, b: Dim): boolean => !isStatic(a) || !isStatic(b) || sameDim(a, b);

function mismatch(what: string, expected: readonly Dim[], found: readonly Dim[], ctx: InferContext): never {
  const text = (s: readonly Dim[]): string => `[${s.map(dimText).join(", ")}]`;
  return ctx.fail("E0201", { what, expected: text(expected), found: text(found) });
}

/** A check of the run, where extents are symbolic. */
export function expectScales(
  l: Lowering,
  x: Value,
  scale: Value,
  zero: Value | undefined,
  axis: number,
  block: number,
): void {
  const known = [x, scale, zero].every((v) => !v || areStatic(shapeOf(v)));
  if (known) return;
  const zeros = zero ? shape(zero) : dims([]);
  l.call("ops::expect_scales", [shape(scale), zeros, shape(x), ...scaleArgs(x, scale, axis, block)], {
    fallible: true,
  });
}

/** For the i-th element of `x`, the place of its scale. */
export function scaleIndex(x: Tensor, scale: Tensor, axis: number, block: number): (i: number) => number {
  if (block === 0 && sizeOf(scale.shape) === 1) return () => 0;
  const at = axis < 0 ? axis + x.shape.length : axis;
  const extent = x.shape[at] as number;
  const inner = sizeOf(x.shape.slice(at + 1));
  if (block === 0) return (i) => Math.floor(i / inner) % extent;
  const blocks = Math.ceil(extent / block);
  return (i) => {
    const [outer, k, n] = [Math.floor(i / (extent * inner)), Math.floor(i / inner) % extent, i % inner];
    return (outer * blocks + Math.floor(k / block)) * inner + n;
  };
}

/** `axis, block_size`, as the kernels take them. */
export function scaleArgs(x: Value, scale: Value, axis: number, block: number): readonly Arg[] {
  const rank = x.type.kind === "tensor" ? (x.type.shape?.length ?? 0) : 0;
  const scales = scale.type.kind === "tensor" ? (scale.type.shape ?? []) : [];
  // The axis of an array with one scale means nothing and may lie outside.
  const whole = block === 0 && product(scales) === 1;
  return [int(whole ? 0 : axis < 0 ? axis + rank : axis), int(block)];
}
