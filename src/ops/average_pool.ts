/**
 * Pools that sum: `AveragePool`, the mean of each window's elements, and `LpPool`, their p-norm `(Σ|x|ᵖ)^(1/p)`.
 *
 * A mean is over the elements inside of x, or with `count_include_pad` over those inside of x and its padding; what a last
 * window of `ceil_mode` has beyond the padding never counts. To a norm padding adds 0. The mean of nothing is NaN.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__AveragePool.html, https://onnx.ai/onnx/operators/onnx__LpPool.html
 */
import { attr } from "../ir/attr.ts";
import { product } from "../ir/dim.ts";
import { tensorOf } from "../ir/graph.ts";
import { defineOp, type ImportNode } from "../ir/op_def.ts";
import { dims, int, option, read, scratch, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { eachRead, pooled, type Reads, readsOf, windowOver } from "./pool.ts";
import { dtypeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";
import { wideOf } from "./wide.ts";
import { indices, windowArg, windowAttrs } from "./window.ts";

const poolAttrs = {
  ...windowAttrs,
  kernel_shape: { ...windowAttrs.kernel_shape, required: true },
  ceil_mode: attr.bool(false),
} as const;

export const averagePool = defineOp({
  name: "average_pool",
  summary: "The mean of each window's elements.",
  onnx: { type: "AveragePool", since: [1, 7, 10, 11, 19, 22] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { ...poolAttrs, count_include_pad: attr.bool(false) },
  error: "≤ (K + 1)·ε·mean|x|, K taps, ε of f32 (f64 for f64)",

  infer: ({ x }, attrs, ctx) => [tensorType(dtypeIn(x, floatTypes, "x", ctx), pooled(x, attrs, ctx))],

  evaluate({ x }, attrs) {
    const reads = readsOf(x, attrs);
    const counts = countTaps(x, reads, attrs.count_include_pad);
    return [
      poolSums(
        x,
        reads,
        (v) => v,
        (sum, o) => sum / (counts[o % reads.output] as number),
      ),
    ];
  },

  lower({ x }, attrs, l) {
    const y = l.output(0);
    const window = windowOver(x, attrs);
    l.call("ops::average_pool", [
      read(x),
      shape(x),
      windowArg(window),
      option(attrs.count_include_pad ? dims(window.end) : undefined),
      scratch(wideOf(tensorOf(y).dtype), product(window.output)),
      write(y),
      shape(y),
    ]);
  },
});

export const lpPool = defineOp({
  name: "lp_pool",
  summary: "The p-norm of each window.",
  onnx: {
    type: "LpPool",
    since: [1, 2, 11, 18, 22],
    adapt: (node, version) => (version === 1 ? withIntegerP(node) : node),
  },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { ...poolAttrs, p: attr.int(2) },
  error: "relative: ≤ (K + 2)·ε, K taps, ε of f32 (f64 for f64)",

  infer({ x }, attrs, ctx) {
    checkPower(attrs.p, ctx.fail);
    return [tensorType(dtypeIn(x, floatTypes, "x", ctx), pooled(x, attrs, ctx))];
  },

  evaluate: ({ x }, attrs) => [
    poolSums(
      x,
      readsOf(x, attrs),
      (v) => Math.abs(v) ** attrs.p,
      (sum) => sum ** (1 / attrs.p),
    ),
  ],

  lower({ x }, attrs, l) {
    const y = l.output(0);
    const window = windowOver(x, attrs);
    l.call("ops::lp_pool", [
      read(x),
      shape(x),
      windowArg(window),
      int(attrs.p),
      scratch(wideOf(tensorOf(y).dtype), product(window.output)),
      write(y),
      shape(y),
    ]);
  },
});

/** In version 1 `p` was a float; those that are whole numbers mean the same. */
export const withIntegerP = (node: ImportNode): ImportNode => ({
  ...node,
  attributes: node.attributes.map((a) =>
    a.name === "p" && a.kind === "float" && Number.isInteger(a.value)
      ? { name: "p", kind: "int", value: BigInt(a.value) }
      : a,
  ),
});

export function checkPower(
  p: number,
  fail: (code: "E0202", params: Readonly<Record<string, string | number>>) => never,
): void {
  if (p < 1) fail("E0202", { name: "p", value: p, expected: "at least 1" });
}

function poolSums(
  x: Tensor,
  reads: Reads,
  f: (v: number) => number,
  finish: (sum: number, o: number) => number,
): Tensor {
  const sums = new Float64Array(reads.channels * reads.output);
  eachRead(reads, (i, o) => {
    sums[o] = (sums[o] as number) + f(x.data[i] as number);
  });
  const data = allocate(x.dtype, sums.length) as NumberArray;
  sums.forEach((sum, o) => {
    data[o] = toElement(x.dtype, finish(sum, o));
  });
  return { dtype: x.dtype, shape: reads.shape, data };
}

/** Elements that each window's mean is over. */
function countTaps(x: Tensor, { window }: Reads, withPadding: boolean): number[] {
  const axes = window.output.map((positions, axis) => {
    const [begin, extent] = [window.begin[axis] as number, x.shape[axis + 2] as number];
    const first = withPadding ? 0 : begin;
    const limit = extent + begin + (withPadding ? (window.end[axis] as number) : 0);
    return Array.from({ length: positions }, (_, o) => {
      const taps = Array.from(
        { length: window.kernel[axis] as number },
        (_, t) => o * (window.strides[axis] as number) + t * (window.dilations[axis] as number),
      );
      return taps.filter((at) => at >= first && at < limit).length;
    });
  });
  return [...indices(window.output)].map((o) =>
    axes.reduce((n, counts, axis) => n * (counts[o[axis] as number] as number), 1),
  );
}
