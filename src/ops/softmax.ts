/**
 * `softmax(x) = e^x / Σ e^x` along one axis, and its logarithm `x − ln Σ e^x`. The greatest element is subtracted first, so
 * nothing overflows; an axis with a +∞ or a NaN is all NaN.
 *
 * Before version 13 the sum ran over all axes from `axis` on (the input was "coerced" to a matrix), which the attribute
 * `coerced` keeps.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Softmax.html, https://onnx.ai/onnx/operators/onnx__LogSoftmax.html
 */
import { attr } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { add, type Dim, mul, product } from "../ir/dim.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { dims, type Lowering, read, scratch, write } from "../ir/plan.ts";
import { allocate, type NumberArray, sizeOf, type Tensor } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";
import { wideOf } from "./wide.ts";

const attrs = { axis: attr.int(-1), coerced: attr.internal(false) } as const;
interface Attrs {
  readonly axis: number;
  readonly coerced: boolean;
}

export const softmax = defineOp({
  name: "softmax",
  summary: "Exponentials as shares of their sum.",
  onnx: {
    type: "Softmax",
    since: [1, 11, 13],
    adapt: (node, _, b) => coerced("softmax", node, b),
  },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs,
  error: "relative: ≤ (K + 4)·ε, K elements along the axis, ε of f32 (f64 for f64)",
  infer: ({ input }, attrs, ctx) => [alongAxis(input, attrs, ctx)],
  evaluate: ({ input }, attrs) => [mapBlocks(input, attrs, (x, greatest, sum) => Math.exp(x - greatest) / sum)],
  lower({ input }, attrs, l) {
    lowerSoftmax("ops::softmax", input, attrs, l.output(0), l);
  },
});

export const logSoftmax = defineOp({
  name: "log_softmax",
  summary: "The logarithm of softmax.",
  onnx: {
    type: "LogSoftmax",
    since: [1, 11, 13],
    adapt: (node, _, b) => coerced("logSoftmax", node, b),
  },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs,
  error: "≤ (K + 4)·ε·max(1, |y|), K elements along the axis, ε of f32 (f64 for f64)",
  infer: ({ input }, attrs, ctx) => [alongAxis(input, attrs, ctx)],
  evaluate: ({ input }, attrs) => [mapBlocks(input, attrs, (x, greatest, sum) => x - greatest - Math.log(sum))],
  lower({ input }, attrs, l) {
    lowerSoftmax("ops::log_softmax", input, attrs, l.output(0), l);
  },
});

/** A node before version 13: over the last axis it is what it is today. */
function coerced(op: "softmax" | "logSoftmax", node: ImportNode, b: Builder): ImportNode | readonly Value[] {
  const given = node.attributes.find((a) => a.name === "axis");
  const axis = given?.kind === "int" ? Number(given.value) : 1;
  const [input] = node.inputs;
  const rank = input?.type.kind === "tensor" ? input.type.shape?.length : undefined;
  if (!input || rank === undefined || (axis < 0 ? axis + rank : axis) === rank - 1)
    return {
      ...node,
      attributes: [...node.attributes.filter((a) => a !== given), { name: "axis", kind: "int", value: BigInt(axis) }],
    };
  return [b.emit(op === "softmax" ? softmax : logSoftmax, { input }, { axis, coerced: true })];
}

function alongAxis(input: Value, { axis }: Attrs, ctx: InferContext): TensorType {
  const extents = shapeIn(input, "input", ctx);
  axisIn(axis, extents.length, ctx);
  return tensorType(dtypeIn(input, floatTypes, "input", ctx), extents);
}

/** Axes before, at and behind the sum's. */
function around<D>(shape: readonly D[], { axis, coerced }: Attrs): [readonly D[], readonly D[], readonly D[]] {
  const at = axis < 0 ? axis + shape.length : axis;
  const end = coerced ? shape.length : at + 1;
  return [shape.slice(0, at), shape.slice(at, end), shape.slice(end)];
}

/** The call of a softmax kernel, which takes extents before, at and behind the axis. */
export function lowerSoftmax(kernel: string, input: Value, attrs: Attrs, y: Value, l: Lowering): void {
  const extents = around(shapeOf(input), attrs).map(product) as [Dim, Dim, Dim];
  const [, extent, inner] = extents;
  l.call(kernel, [
    read(input),
    dims(extents),
    scratch(wideOf(tensorOf(y).dtype), mul(add(extent, 2), inner)),
    write(y),
  ]);
}

/** `f(x, greatest, Σ e^(x − greatest))` for each element, the last two over the block that it belongs to. */
export function mapBlocks(t: Tensor, attrs: Attrs, f: (x: number, greatest: number, sum: number) => number): Tensor {
  const [outer, extent, inner] = around(t.shape, attrs).map(sizeOf) as [number, number, number];
  const x = t.data as NumberArray;
  const y = allocate(t.dtype, x.length) as NumberArray;
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const places = Array.from({ length: extent }, (_, k) => (o * extent + k) * inner + i);
      const greatest = places.reduce((m, at) => Math.max(m, x[at] as number), Number.NEGATIVE_INFINITY);
      const sum = places.reduce((s, at) => s + Math.exp((x[at] as number) - greatest), 0);
      for (const at of places) y[at] = toElement(t.dtype, f(x[at] as number, greatest, sum));
    }
  return { dtype: t.dtype, shape: t.shape, data: y };
}
