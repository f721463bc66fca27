/**
 * `y = (x − mean) / √(variance + epsilon) · scale + b`, mean and variance over the axes from `axis` on; `scale` and `b`
 * broadcast to x. Mean and 1/√(variance + epsilon) are further results. `RMSNormalization` leaves out the mean:
 * `y = x / √(mean(x²) + epsilon) · scale`.
 *
 * Statistics are in double precision, whatever `stash_type` asks for: it only is the type of the further results.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LayerNormalization.html, https://onnx.ai/onnx/operators/onnx__RMSNormalization.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, product } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { dim, dims, float, int, read, readOption, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { broadcastStrides, eachIndex, toElement } from "./numeric.ts";
import { agree, axisIn, broadcastShapes, dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";
import { standard } from "./standard.ts";
import { floatTypes } from "./type_sets.ts";

export const layerNormalization = defineOp({
  name: "layer_normalization",
  summary: "The last axes brought to mean 0 and variance 1, then scaled and shifted.",
  onnx: { type: "LayerNormalization", since: [17] },
  inputs: { x: "required", scale: "required", b: "optional" },
  outputs: { y: "required", mean: "optional", inv_std_dev: "optional" },
  attrs: { axis: attr.int(-1), epsilon: attr.float(1e-5), stash_type: attr.dtype("f32") },
  error: "statistics in double precision; y: ≤ 3·ε·(|x − mean|·factor + |b|), ε of f32 (f64 for f64)",

  infer({ x, scale, b }, { axis, stash_type }, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    sameDType([x, scale, b], ctx);
    const extents = shapeIn(x, "x", ctx);
    const at = axisIn(axis, extents.length, ctx);
    broadcastsTo(scale, extents, "scale", ctx);
    if (b) broadcastsTo(b, extents, "b", ctx);
    const statistics = tensorType(
      stashed(stash_type, ctx),
      extents.map((d, i) => (i < at ? d : 1)),
    );
    return [tensorType(dtype, extents), statistics, statistics];
  },

  evaluate({ x, scale, b }, { axis, epsilon, stash_type }) {
    const { outer, rows } = rowsOf(x, axis);
    const statistics = rows.map((row) => standard(row, epsilon));
    const normal = rows.map((row, r) => {
      const { mean, inverse } = statistics[r] as { mean: number; inverse: number };
      return row.map((v) => (v - mean) * inverse);
    });
    const stash = (values: readonly number[]): Tensor => {
      const data = allocate(stash_type, values.length) as NumberArray;
      values.forEach((v, i) => {
        data[i] = toElement(stash_type, v);
      });
      return { dtype: stash_type, shape: [...outer, ...x.shape.slice(outer.length).map(() => 1)], data };
    };
    return [
      scaled(normal, x, x.dtype, scale, b),
      stash(statistics.map((s) => s.mean)),
      stash(statistics.map((s) => s.inverse)),
    ];
  },

  lower({ x, scale, b }, { axis, epsilon, stash_type }, l) {
    const extents = shapeOf(x);
    const at = axis < 0 ? axis + extents.length : axis;
    const [y, mean, inverse] = l.outputs;
    if (y)
      l.call("ops::layer_normalization", [
        read(x),
        shape(x),
        int(at),
        read(scale),
        shape(scale),
        readOption(b),
        b ? shape(b) : dims([]),
        float(epsilon, "f64"),
        write(y),
      ]);
    if (!mean && !inverse) return;
    const statistics = (v: Value | undefined): Value =>
      v ??
      l.temporary(
        stash_type,
        extents.map((d, i): Dim => (i < at ? d : 1)),
      );
    l.call("ops::layer_statistics", [
      read(x),
      dim(product(extents.slice(at))),
      float(epsilon, "f64"),
      write(statistics(mean)),
      write(statistics(inverse)),
    ]);
  },
});

export const rmsNormalization = defineOp({
  name: "rms_normalization",
  summary: "The last axes brought to a root mean square of 1, then scaled.",
  onnx: { type: "RMSNormalization", since: [23] },
  inputs: { x: "required", scale: "required" },
  outputs: { y: "required" },
  attrs: { axis: attr.int(-1), epsilon: attr.float(1e-5), stash_type: attr.dtype("f32") },
  error: "statistics in double precision; y: relative ≤ 3·ε, ε of f32 (f64 for f64)",

  infer({ x, scale }, { axis, stash_type }, ctx) {
    dtypeIn(x, floatTypes, "x", ctx);
    const extents = shapeIn(x, "x", ctx);
    axisIn(axis, extents.length, ctx);
    broadcastsTo(scale, extents, "scale", ctx);
    stashed(stash_type, ctx);
    return [tensorType(dtypeIn(scale, floatTypes, "scale", ctx), extents)];
  },

  evaluate({ x, scale }, { axis, epsilon }) {
    const normal = rowsOf(x, axis).rows.map((row) => {
      const inverse = 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / row.length + epsilon);
      return row.map((v) => v * inverse);
    });
    return [scaled(normal, x, scale.dtype, scale, undefined)];
  },

  lower({ x, scale }, { axis, epsilon }, l) {
    const at = axis < 0 ? axis + shapeOf(x).length : axis;
    l.call("ops::rms_normalization", [
      read(x),
      shape(x),
      int(at),
      read(scale),
      shape(scale),
      float(epsilon, "f64"),
      write(l.output(0)),
    ]);
  },
});

/** An operand must broadcast to `extents` without changing them. */
function broadcastsTo(v: Value, extents: readonly Dim[], what: string, ctx: InferContext): void {
  const own = shapeIn(v, what, ctx);
  const common = broadcastShapes([extents, own], ctx) as readonly Dim[];
  if (common.length > extents.length)
    ctx.fail("E0201", { what: `rank of ${what}`, expected: `at most ${extents.length}`, found: own.length });
  common.forEach((d, i) => {
    if (extents[i] === 1) agree(1, d, `axis ${i} of ${what}`, ctx);
  });
}

function stashed(dtype: DType, ctx: InferContext): DType {
  if (!floatTypes.includes(dtype))
    ctx.fail("E0202", { name: "stash_type", value: dtype, expected: floatTypes.join(", ") });
  return dtype;
}

/** The elements from `axis` on, row by row. */
function rowsOf(x: Tensor, axis: number): { outer: readonly number[]; rows: readonly Float64Array[] } {
  const at = axis < 0 ? axis + x.shape.length : axis;
  const outer = x.shape.slice(0, at);
  const width = sizeOf(x.shape.slice(at));
  const all = Float64Array.from(x.data as NumberArray);
  return { outer, rows: Array.from({ length: sizeOf(outer) }, (_, r) => all.subarray(r * width, (r + 1) * width)) };
}

/** `normal · scale + b`, rounded to `dtype`. */
function scaled(
  normal: readonly Float64Array[],
  x: Tensor,
  dtype: DType,
  scale: Tensor,
  b: Tensor | undefined,
): Tensor {
  const data = allocate(dtype, sizeOf(x.shape)) as NumberArray;
  const strides = [scale, b].map((t) => broadcastStrides(t?.shape ?? [], x.shape));
  const width = normal[0]?.length ?? 1;
  eachIndex(x.shape, strides, (i, [s, t]) => {
    const value = (normal[Math.floor(i / width)] as Float64Array)[i % width] as number;
    data[i] = toElement(dtype, value * (scale.data[s as number] as number) + (b ? (b.data[t as number] as number) : 0));
  });
  return { dtype, shape: x.shape, data };
}
