/**
 * Pools whose window is the whole channel: mean, maximum, p-norm. The result has extent 1 along every spatial axis. Of an
 * empty channel the mean is NaN, the maximum −∞, the norm 0. A maximum with a NaN is NaN.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__GlobalAveragePool.html (…GlobalMaxPool, …GlobalLpPool)
 */
import { attr } from "../ir/attr.ts";
import { type Dim, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { dim, int, read, write } from "../ir/plan.ts";
import { allocate, type NumberArray, sizeOf, type Tensor } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { checkPower, withIntegerP } from "./average_pool.ts";
import { toElement } from "./numeric.ts";
import { dtypeIn, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

export const globalAveragePool = defineOp({
  name: "global_average_pool",
  summary: "The mean of each channel.",
  onnx: { type: "GlobalAveragePool", since: [1, 22] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {},
  error: "sums in double precision, rounded once",
  infer: ({ x }, _, ctx) => [onePerChannel(x, ctx)],
  evaluate: ({ x }) => [reduceChannels(x, (channel) => channel.reduce((a, b) => a + b, 0) / channel.length)],
  lower({ x }, _, l) {
    l.call("ops::global_average_pool", [read(x), channelSize(x), write(l.output(0))]);
  },
});

export const globalMaxPool = defineOp({
  name: "global_max_pool",
  summary: "The greatest element of each channel.",
  onnx: { type: "GlobalMaxPool", since: [1, 22] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {},
  error: "exact",
  infer: ({ x }, _, ctx) => [onePerChannel(x, ctx)],
  // Math.max gives NaN if one argument is.
  evaluate: ({ x }) => [
    reduceChannels(x, (channel) => channel.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)),
  ],
  lower({ x }, _, l) {
    l.call("ops::global_max_pool", [read(x), channelSize(x), write(l.output(0))]);
  },
});

export const globalLpPool = defineOp({
  name: "global_lp_pool",
  summary: "The p-norm of each channel.",
  onnx: {
    type: "GlobalLpPool",
    since: [1, 2, 22],
    adapt: (node, version) => (version === 1 ? withIntegerP(node) : node),
  },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { p: attr.int(2) },
  error: "sums in double precision, rounded once",
  infer({ x }, { p }, ctx) {
    checkPower(p, ctx.fail);
    return [onePerChannel(x, ctx)];
  },
  evaluate: ({ x }, { p }) => [
    reduceChannels(x, (channel) => channel.reduce((sum, v) => sum + Math.abs(v) ** p, 0) ** (1 / p)),
  ],
  lower({ x }, { p }, l) {
    l.call("ops::global_lp_pool", [read(x), channelSize(x), int(p), write(l.output(0))]);
  },
});

function onePerChannel(x: Value, ctx: InferContext): TensorType {
  const extents = shapeIn(x, "x", ctx);
  if (extents.length < 2) ctx.fail("E0201", { what: "rank of x", expected: "2 or more", found: extents.length });
  return tensorType(
    dtypeIn(x, floatTypes, "x", ctx),
    extents.map((d, axis): Dim => (axis < 2 ? d : 1)),
  );
}

/** Elements of one channel. */
const channelSize = (x: Value) => dim(product(shapeOf(x).slice(2)));

function reduceChannels(x: Tensor, f: (channel: Float64Array) => number): Tensor {
  const size = sizeOf(x.shape.slice(2));
  const all = Float64Array.from(x.data as NumberArray);
  const data = allocate(x.dtype, sizeOf(x.shape.slice(0, 2))) as NumberArray;
  for (let n = 0; n < data.length; n++) data[n] = toElement(x.dtype, f(all.subarray(n * size, (n + 1) * size)));
  return { dtype: x.dtype, shape: x.shape.map((d, axis) => (axis < 2 ? d : 1)), data };
}
