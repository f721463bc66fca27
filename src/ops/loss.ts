/**
 * Losses of classification: `NegativeLogLikelihoodLoss`, `loss[n, …] = −input[n, t, …]·weight[t]` with t the class of the
 * sample, and `SoftmaxCrossEntropyLoss`, the same of `log_softmax(scores)` over the classes. Samples of the class
 * `ignore_index` count for nothing; another class outside of `0..classes` is an error of the run. `mean` divides the sum by
 * the sum of the weights, and is NaN where that is 0.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__NegativeLogLikelihoodLoss.html, https://onnx.ai/onnx/operators/onnx__SoftmaxCrossEntropyLoss.html
 */
import { attr, optional } from "../ir/attr.ts";
import { type Dim, product } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, dims, int, type Lowering, option, read, readOption, struct, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf, type Tensor } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { agree, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { lowerSoftmax, mapBlocks } from "./softmax.ts";
import { floatTypes } from "./type_sets.ts";

const classDTypes: readonly DType[] = ["i32", "i64"];
const attrs = {
  ignore_index: attr.int(optional),
  reduction: attr.oneOf(["none", "sum", "mean"], "mean"),
} as const;
interface Attrs {
  readonly ignore_index: number | undefined;
  readonly reduction: "none" | "sum" | "mean";
}
const overClasses = { axis: 1, coerced: false } as const;
const error = "sums in double precision, rounded once";

export const negativeLogLikelihoodLoss = defineOp({
  name: "negative_log_likelihood_loss",
  summary: "Weighted negative log-likelihood of classes.",
  onnx: { type: "NegativeLogLikelihoodLoss", since: [12, 13, 22] },
  inputs: { input: "required", target: "required", weight: "optional" },
  outputs: { loss: "required" },
  attrs,
  error,
  infer: ({ input, target, weight }, attrs, ctx) => [lossType(input, target, weight, attrs, ctx)],
  evaluate: ({ input, target, weight }, attrs) => [lossOf(input, target, weight, attrs)],
  lower({ input, target, weight }, attrs, l) {
    lowerLoss(l, input, target, weight, attrs, l.output(0));
  },
});

export const softmaxCrossEntropyLoss = defineOp({
  name: "softmax_cross_entropy_loss",
  summary: "Weighted negative logarithm of the softmax of classes.",
  onnx: { type: "SoftmaxCrossEntropyLoss", since: [12, 13] },
  inputs: { scores: "required", labels: "required", weights: "optional" },
  outputs: { output: "required", log_prob: "optional" },
  attrs,
  error: `${error}; logarithms as of LogSoftmax`,
  infer: ({ scores, labels, weights }, attrs, ctx) => [
    lossType(scores, labels, weights, attrs, ctx),
    tensorType(tensorOf(scores).dtype, shapeIn(scores, "scores", ctx)),
  ],
  evaluate({ scores, labels, weights }, attrs) {
    const logarithm = (x: number, greatest: number, sum: number): number => x - greatest - Math.log(sum);
    const unrounded = mapBlocks({ ...scores, dtype: "f64" }, overClasses, logarithm);
    return [lossOf(unrounded, labels, weights, attrs, scores.dtype), mapBlocks(scores, overClasses, logarithm)];
  },
  lower({ scores, labels, weights }, attrs, l) {
    const [loss, wanted] = l.outputs;
    const logarithms = wanted ?? l.temporary(tensorOf(scores).dtype, shapeOf(scores));
    lowerSoftmax("ops::log_softmax", scores, overClasses, logarithms, l);
    if (loss) lowerLoss(l, logarithms, labels, weights, attrs, loss);
  },
});

function lossType(
  x: Value,
  classes: Value,
  weight: Value | undefined,
  { reduction }: Attrs,
  ctx: InferContext,
): TensorType {
  const dtype = dtypeIn(x, floatTypes, "the scores", ctx);
  dtypeIn(classes, classDTypes, "the classes", ctx);
  sameDType([x, weight], ctx);
  const extents = shapeIn(x, "the scores", ctx);
  if (extents.length < 2)
    ctx.fail("E0201", { what: "rank of the scores", expected: "2 or more", found: extents.length });
  const samples = ranked(classes, extents.length - 1, "the classes", ctx).map((d, axis) =>
    agree(extents[axis === 0 ? 0 : axis + 1] as Dim, d, `axis ${axis} of the classes`, ctx),
  );
  if (weight) agree(extents[1] as Dim, ranked(weight, 1, "the weights", ctx)[0] as Dim, "number of weights", ctx);
  return tensorType(dtype, reduction === "none" ? samples : []);
}

/** Images, classes, and the places of an image. */
const around = <D>(shape: readonly D[], product: (d: readonly D[]) => D): [D, D, D] => [
  shape[0] as D,
  shape[1] as D,
  product(shape.slice(2)),
];

/** The loss by definition. `dtype` is the result's where it is not that of `x`. */
function lossOf(
  x: Tensor,
  classes: Tensor,
  weight: Tensor | undefined,
  { ignore_index, reduction }: Attrs,
  dtype: DType = x.dtype,
): Tensor {
  const [, count, places] = around(x.shape, sizeOf);
  let [total, weights] = [0, 0];
  const data = allocate(dtype, reduction === "none" ? classes.data.length : 1) as NumberArray;
  numbers(classes).forEach((c, sample) => {
    if (c === ignore_index) return;
    if (c < 0 || c >= count) throw new RangeError(`class ${c} of ${count}`);
    const w = weight ? (weight.data[c] as number) : 1;
    const at = (Math.floor(sample / places) * count + c) * places + (sample % places);
    const loss = -(x.data[at] as number) * w;
    if (reduction === "none") data[sample] = toElement(dtype, loss);
    total += loss;
    weights += w;
  });
  if (reduction !== "none") data[0] = toElement(dtype, reduction === "mean" ? total / weights : total);
  return { dtype, shape: reduction === "none" ? classes.shape : [], data };
}

function lowerLoss(
  l: Lowering,
  x: Value,
  classes: Value,
  weight: Value | undefined,
  { ignore_index, reduction }: Attrs,
  y: Value,
): void {
  const extents = shapeOf(x);
  expectExtents(l, shapeOf(classes), [extents[0] as Dim, ...extents.slice(2)]);
  if (weight) expectExtents(l, shapeOf(weight), [extents[1] as Dim]);
  const targets = struct("ops::Targets", [
    ["classes", read(classes)],
    ["weights", readOption(weight)],
    ["ignored", option(ignore_index === undefined ? undefined : int(ignore_index))],
  ]);
  const operands = [read(x), dims(around(extents, product)), targets];
  const [kernel, rest] =
    reduction === "none"
      ? ["ops::log_likelihood_loss", [write(y)]]
      : ["ops::log_likelihood_loss_reduced", [bool(reduction === "mean"), write(y)]];
  l.call(kernel, [...operands, ...rest], { fallible: true });
}
