/**
 * Puts each `x[i]` where `i` says that `max_pool` had found it; the rest of the result is 0. Indices count over an array of
 * the extents `(in − 1)·stride + kernel − pads`; with `output_shape` that array is the first corner of a larger result.
 * An index outside is an error of the run; where indices repeat, the last wins.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MaxUnpool.html
 */
import { add, type Dim, isStatic, mul, sub } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { dims, read, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf, stridesOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { bindExtents, expectExtents } from "./operands.ts";
import { agree, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";
import { accepted, perAxis, windowAttrs } from "./window.ts";

const attrs = {
  kernel_shape: { ...windowAttrs.kernel_shape, required: true },
  pads: windowAttrs.pads,
  strides: windowAttrs.strides,
} as const;
interface Attrs {
  readonly kernel_shape: readonly number[];
  readonly pads: readonly number[];
  readonly strides: readonly number[];
}

export const maxUnpool = defineOp({
  name: "max_unpool",
  summary: "Maxima put back to where they were.",
  onnx: { type: "MaxUnpool", since: [9, 11, 22] },
  inputs: { x: "required", i: "required", output_shape: "optional" },
  outputs: { output: "required" },
  attrs,
  error: "exact",

  infer({ x, i, output_shape }, attrs, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    const from = shapeIn(x, "x", ctx);
    if (from.length < 3) ctx.fail("E0201", { what: "rank of x", expected: "3 or more", found: from.length });
    dtypeIn(i, ["i64"], "i", ctx);
    ranked(i, from.length, "i", ctx).forEach((d, axis) => {
      agree(from[axis] as Dim, d, `axis ${axis} of i`, ctx);
    });
    const inferred = pooledExtents(from, attrs, ctx);
    return [tensorType(dtype, output_shape ? wantedExtents(output_shape, from.length, ctx) : inferred)];
  },

  evaluate({ x, i, output_shape }, attrs) {
    const pooled = pooledExtents(x.shape, attrs, accepted) as readonly number[];
    const extents = output_shape ? numbers(output_shape) : pooled;
    const [from, to] = [stridesOf(pooled), stridesOf(extents)];
    const data = allocate(x.dtype, sizeOf(extents)) as NumberArray;
    numbers(i).forEach((index, n) => {
      if (index < 0 || index >= sizeOf(pooled))
        throw new RangeError(`index ${index} is outside of ${sizeOf(pooled)} elements`);
      const place = pooled.map((extent, axis) => Math.floor(index / (from[axis] as number)) % extent);
      if (place.some((p, axis) => p >= (extents[axis] as number)))
        throw new RangeError(`index ${index} is outside of the result`);
      data[place.reduce((at, p, axis) => at + p * (to[axis] as number), 0)] = x.data[n] as number;
    });
    return [{ dtype: x.dtype, shape: extents, data }];
  },

  lower({ x, i, output_shape }, attrs, l) {
    const y = l.output(0);
    if (output_shape) bindExtents(l, y, "ops::given_extents", [read(output_shape)]);
    expectExtents(l, shapeOf(i), shapeOf(x));
    l.call(
      "ops::max_unpool",
      [read(x), read(i), dims(pooledExtents(shapeOf(x), attrs, accepted)), write(y), shape(y)],
      { fallible: true },
    );
  },
});

/** Extents of the array that was pooled, as far as they follow from the pool. */
function pooledExtents(
  x: readonly Dim[],
  { kernel_shape, pads, strides }: Attrs,
  ctx: Pick<InferContext, "fail">,
): readonly Dim[] {
  const rank = x.length - 2;
  const kernel = perAxis(kernel_shape, rank, "kernel_shape", 1, 1, ctx);
  const step = perAxis(strides, rank, "strides", 1, 1, ctx);
  const pad = perAxis(pads, 2 * rank, "pads", 0, 0, ctx);
  return x.map((d, axis) => {
    if (axis < 2) return d;
    const n = axis - 2;
    const extent = sub(
      add(mul(sub(d, 1), step[n] as number), kernel[n] as number),
      (pad[n] as number) + (pad[n + rank] as number),
    );
    if (isStatic(extent) && extent < 0)
      ctx.fail("E0201", { what: "pads", expected: "less than the result", found: pads.join(", ") });
    return extent;
  });
}

/** The extents that `output_shape` gives; all fresh where any is not known. */
function wantedExtents(v: Value, rank: number, ctx: InferContext): readonly Dim[] {
  agree(rank, ranked(v, 1, "output_shape", ctx)[0] as Dim, "number of entries of output_shape", ctx);
  const known = v.contents;
  if (known?.every((d): d is Dim => d !== undefined)) return known;
  return Array.from({ length: rank }, () => ctx.fresh());
}
