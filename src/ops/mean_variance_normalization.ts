/**
 * `y = (x − mean) / (√variance + 10⁻⁹)`, mean and variance (of the population) over `axes`. Constant elements give 0.
 *
 * ONNX's own function body subtracts squares, which cancels where the mean is large; here the variance is that of the
 * differences from the mean, in double precision.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MeanVarianceNormalization.html
 */
import { attr } from "../ir/attr.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { ints, read, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, stridesOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { eachIndex, toElement } from "./numeric.ts";
import { axesIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

const epsilon = 1e-9;

export const meanVarianceNormalization = defineOp({
  name: "mean_variance_normalization",
  summary: "Elements along some axes brought to mean 0 and variance 1.",
  onnx: { type: "MeanVarianceNormalization", since: [9, 13] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { axes: attr.ints([0, 2, 3]) },
  error: "computed in double precision, rounded once",

  infer({ x }, { axes }, ctx) {
    const extents = shapeIn(x, "x", ctx);
    axesIn(axes, extents.length, ctx);
    return [tensorType(dtypeIn(x, floatTypes, "x", ctx), extents)];
  },

  evaluate({ x }, { axes }) {
    const reduced = fromFront(axes, x.shape.length);
    // Strides of the array of statistics, in which reduced axes have one element.
    const kept = stridesOf(x.shape.map((d, i) => (reduced.includes(i) ? 1 : d))).map((s, i) =>
      reduced.includes(i) ? 0 : s,
    );
    const source = x.data as NumberArray;
    const count = reduced.reduce((n, axis) => n * (x.shape[axis] as number), 1);
    const average = (f: (v: number, group: number) => number): Float64Array => {
      const sums = new Float64Array(source.length);
      eachIndex(x.shape, [kept], (i, [g]) => {
        sums[g as number] = (sums[g as number] as number) + f(source[i] as number, g as number) / count;
      });
      return sums;
    };
    const means = average((v) => v);
    const variances = average((v, g) => (v - (means[g] as number)) ** 2);
    const data = allocate(x.dtype, source.length) as NumberArray;
    eachIndex(x.shape, [kept], (i, [g]) => {
      const deviation = Math.sqrt(variances[g as number] as number) + epsilon;
      data[i] = toElement(x.dtype, ((source[i] as number) - (means[g as number] as number)) / deviation);
    });
    return [{ dtype: x.dtype, shape: x.shape, data }];
  },

  lower({ x }, { axes }, l) {
    l.call("ops::mean_variance_normalization", [
      read(x),
      shape(x),
      ints(fromFront(axes, shapeOf(x).length), ""),
      write(l.output(0)),
    ]);
  },
});

const fromFront = (axes: readonly number[], rank: number): number[] => axes.map((a) => (a < 0 ? a + rank : a));
