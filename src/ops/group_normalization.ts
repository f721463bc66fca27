/**
 * `y = scale[c] · (x − mean) / √(variance + epsilon) + bias[c]`, mean and variance over the elements of one channel
 * (`InstanceNormalization`) or one group of channels (`GroupNormalization`) of one image. Statistics are in double
 * precision, whatever `stash_type` asks for.
 *
 * Version 18 of GroupNormalization had a scale and a bias per group.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__GroupNormalization.html, https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html
 */
import { attr, required } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { type Dim, floorDiv, isStatic, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { dim, float, type Lowering, read, write } from "../ir/plan.ts";
import { allocate, type NumberArray, sizeOf, type Tensor } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { dims as dimsOp } from "./dims.ts";
import { expand } from "./expand.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { reshape } from "./reshape.ts";
import { agree, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { standard } from "./standard.ts";
import { floatTypes } from "./type_sets.ts";

const error = "statistics in double precision; y: ≤ 3·ε·(|x − mean|·factor + |bias|), ε of f32 (f64 for f64)";

export const groupNormalization = defineOp({
  name: "group_normalization",
  summary: "Groups of channels brought to mean 0 and variance 1, then scaled and shifted.",
  onnx: { type: "GroupNormalization", since: [18, 21], adapt: (node, _, b) => perChannel(node, b) },
  inputs: { x: "required", scale: "required", bias: "required" },
  outputs: { y: "required" },
  attrs: { epsilon: attr.float(1e-5), num_groups: attr.int(required), stash_type: attr.dtype("f32") },
  error,
  infer({ x, scale, bias }, { num_groups }, ctx) {
    const type = perChannelType(x, scale, bias, ctx);
    const channels = (type.shape as readonly Dim[])[1] as Dim;
    if (num_groups < 1 || (isStatic(channels) && channels % num_groups !== 0))
      ctx.fail("E0202", { name: "num_groups", value: num_groups, expected: `a divisor of the number of channels` });
    return [type];
  },
  evaluate({ x, scale, bias }, { epsilon, num_groups }) {
    return [standardized(x, scale, bias, (x.shape[1] as number) / num_groups, epsilon)];
  },
  lower({ x, scale, bias }, { epsilon, num_groups }, l) {
    lowerGroups(l, x, scale, bias, floorDiv(shapeOf(x)[1] as Dim, num_groups), epsilon);
  },
});

export const instanceNormalization = defineOp({
  name: "instance_normalization",
  summary: "Channels of each image brought to mean 0 and variance 1, then scaled and shifted.",
  onnx: { type: "InstanceNormalization", since: [1, 6, 22] },
  inputs: { input: "required", scale: "required", b: "required" },
  outputs: { output: "required" },
  attrs: { epsilon: attr.float(1e-5) },
  error,
  infer: ({ input, scale, b }, _, ctx) => [perChannelType(input, scale, b, ctx)],
  evaluate: ({ input, scale, b }, { epsilon }) => [standardized(input, scale, b, 1, epsilon)],
  lower({ input, scale, b }, { epsilon }, l) {
    lowerGroups(l, input, scale, b, 1, epsilon);
  },
});

/** The result's type: scale and bias have one element per channel. */
function perChannelType(x: Value, scale: Value, bias: Value, ctx: InferContext): TensorType {
  const dtype = dtypeIn(x, floatTypes, "x", ctx);
  sameDType([x, scale, bias], ctx);
  const extents = shapeIn(x, "x", ctx);
  if (extents.length < 2) ctx.fail("E0201", { what: "rank of x", expected: "2 or more", found: extents.length });
  agree(extents[1] as Dim, ranked(scale, 1, "scale", ctx)[0] as Dim, "extent of scale", ctx);
  agree(extents[1] as Dim, ranked(bias, 1, "bias", ctx)[0] as Dim, "extent of bias", ctx);
  return tensorType(dtype, extents);
}

function lowerGroups(l: Lowering, x: Value, scale: Value, bias: Value, group: Dim, epsilon: number): void {
  const size = product(shapeOf(x).slice(2));
  const channels = shapeOf(x)[1] as Dim;
  expectExtents(l, [...shapeOf(scale), ...shapeOf(bias)], [channels, channels]);
  l.call("ops::group_normalization", [
    read(x),
    dim(size),
    dim(group),
    read(scale),
    read(bias),
    float(epsilon, "f64"),
    write(l.output(0)),
  ]);
}

/** Each group of `group` channels with mean 0 and variance 1, then scaled and shifted by channel. */
function standardized(x: Tensor, scale: Tensor, bias: Tensor, group: number, epsilon: number): Tensor {
  const size = sizeOf(x.shape.slice(2));
  const row = group * size;
  const source = Float64Array.from(x.data as NumberArray);
  const data = allocate(x.dtype, source.length) as NumberArray;
  for (let from = 0; from < source.length; from += row) {
    const part = source.subarray(from, from + row);
    const { mean, inverse } = standard(part, epsilon);
    part.forEach((v, i) => {
      const c = Math.floor((from + i) / size) % (x.shape[1] as number);
      data[from + i] = toElement(x.dtype, (v - mean) * inverse * (scale.data[c] as number) + (bias.data[c] as number));
    });
  }
  return { dtype: x.dtype, shape: x.shape, data };
}

/** Version 18: a scale and a bias per group, repeated for its channels. */
function perChannel(node: ImportNode, b: Builder): ImportNode {
  const [x, ...parameters] = node.inputs;
  const channels = x?.type.kind === "tensor" ? x.type.shape?.[1] : undefined;
  const groups = node.attributes.find((a) => a.name === "num_groups");
  if (channels === undefined || groups?.kind !== "int" || groups.value < 1n) return node;
  const extents = b.emit(dimsOp, {}, { values: [Number(groups.value), floorDiv(channels, Number(groups.value))] });
  const repeated = parameters.map((v) => {
    if (!v) return v;
    const column = b.emit(reshape, { data: v, shape: b.int64s([-1, 1]) });
    return b.emit(reshape, { data: b.emit(expand, { input: column, shape: extents }), shape: b.int64s([-1]) });
  });
  return { ...node, inputs: [x, ...repeated] };
}
