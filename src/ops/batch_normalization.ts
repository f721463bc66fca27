/**
 * `y = (x − mean[c]) · scale[c] / √(var[c] + epsilon) + b[c]` per channel c. With `training_mode` mean and variance are
 * those of the batch (of the population, in double precision), and the running ones move to them:
 * `running = input·momentum + batch·(1 − momentum)`. An array of rank 1 is one channel.
 *
 * Older versions: 1 and 6 train unless `is_test`, 7 and 9 where more than one output is asked for; saved_mean and saved_var
 * are mean and variance of the batch. Without `spatial` (1 to 7) each place of an image is a channel of its own.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html
 */
import { attr } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { type Dim, product } from "../ir/dim.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode } from "../ir/op_def.ts";
import { dim, float, floats, read, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dims as dimsOp } from "./dims.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { reshape } from "./reshape.ts";
import { agree, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

export const batchNormalization = defineOp({
  name: "batch_normalization",
  summary: "Channels brought to a mean and a variance.",
  onnx: {
    type: "BatchNormalization",
    since: [1, 6, 7, 9, 14, 15],
    adapt: (node, version, b) => (version < 14 ? adaptOld(node, version, b) : node),
  },
  inputs: { x: "required", scale: "required", b: "required", input_mean: "required", input_var: "required" },
  outputs: { y: "required", running_mean: "optional", running_var: "optional" },
  attrs: { epsilon: attr.float(1e-5), momentum: attr.float(0.9), training_mode: attr.bool(false) },
  error: "statistics in double precision; y: ≤ 3·ε·(|x − mean|·factor + |b|), ε of f32 (f64 for f64)",

  infer({ x, scale, b, input_mean, input_var }, { training_mode }, ctx) {
    const dtype = dtypeIn(x, floatTypes, "x", ctx);
    dtypeIn(scale, floatTypes, "scale", ctx);
    const statistics = dtypeIn(input_mean, floatTypes, "input_mean", ctx);
    sameDType([scale, b], ctx);
    sameDType([input_mean, input_var], ctx);
    const extents = shapeIn(x, "x", ctx);
    if (extents.length === 0) ctx.fail("E0201", { what: "rank of x", expected: "1 or more", found: 0 });
    let channels: Dim = extents.length === 1 ? 1 : (extents[1] as Dim);
    for (const [what, v] of Object.entries({ scale, b, input_mean, input_var }))
      channels = agree(channels, ranked(v, 1, what, ctx)[0] as Dim, `extent of ${what}`, ctx);
    if (!training_mode && (ctx.wants(1) || ctx.wants(2)))
      ctx.fail("E0202", { name: "training_mode", value: 0, expected: "1 where running statistics are asked for" });
    const running = tensorType(statistics, [channels]);
    return [tensorType(dtype, extents), running, running];
  },

  evaluate({ x, scale, b, input_mean, input_var }, { epsilon, momentum, training_mode }) {
    if (!training_mode) return [normalized(x, scale, b, numbers(input_mean), numbers(input_var), epsilon)];
    const { mean, variance } = moments(x, sizeOf(scale.shape));
    return [
      normalized(x, scale, b, mean, variance, epsilon),
      moved(input_mean, mean, momentum),
      moved(input_var, variance, momentum),
    ];
  },

  lower({ x, scale, b, input_mean, input_var }, { epsilon, momentum, training_mode }, l) {
    const [y, mean, variance] = [
      l.outputs[0] ?? l.temporary(tensorOf(x).dtype, shapeOf(x)),
      l.outputs[1],
      l.outputs[2],
    ];
    const extents = shapeOf(x);
    const channels: Dim = extents.length === 1 ? 1 : (extents[1] as Dim);
    for (const v of [scale, b, input_mean, input_var]) expectExtents(l, shapeOf(v), [channels]);
    const operands = [
      read(x),
      dim(product(extents.length === 1 ? extents : extents.slice(2))),
      read(scale),
      read(b),
      read(input_mean),
      read(input_var),
    ];
    if (!training_mode) return l.call("ops::batch_normalization", [...operands, float(epsilon, "f64"), write(y)]);
    const running = (v: Value | undefined): Value => v ?? l.temporary(tensorOf(input_mean).dtype, shapeOf(input_mean));
    l.call("ops::batch_normalization_training", [
      ...operands,
      floats([epsilon, momentum], "f64"),
      write(y),
      write(running(mean)),
      write(running(variance)),
    ]);
  },
});

/** Calls `f(channel, place)` for every element. */
function eachElement(x: Tensor, f: (channel: number, place: number) => void): void {
  const channels = x.shape.length === 1 ? 1 : (x.shape[1] as number);
  const size = sizeOf(x.shape.length === 1 ? x.shape : x.shape.slice(2));
  for (let i = 0; i < x.data.length; i++) f(Math.floor(i / size) % channels, i);
}

function normalized(
  x: Tensor,
  scale: Tensor,
  b: Tensor,
  mean: readonly number[],
  variance: readonly number[],
  epsilon: number,
): Tensor {
  const data = allocate(x.dtype, x.data.length) as NumberArray;
  const factors = variance.map((v, c) => (scale.data[c] as number) / Math.sqrt(v + epsilon));
  eachElement(x, (c, i) => {
    data[i] = toElement(
      x.dtype,
      ((x.data[i] as number) - (mean[c] as number)) * (factors[c] as number) + (b.data[c] as number),
    );
  });
  return { dtype: x.dtype, shape: x.shape, data };
}

function moments(x: Tensor, channels: number): { mean: number[]; variance: number[] } {
  const count = x.data.length / channels;
  const mean = new Array<number>(channels).fill(0);
  const variance = new Array<number>(channels).fill(0);
  eachElement(x, (c, i) => {
    mean[c] = (mean[c] as number) + (x.data[i] as number) / count;
  });
  eachElement(x, (c, i) => {
    variance[c] = (variance[c] as number) + ((x.data[i] as number) - (mean[c] as number)) ** 2 / count;
  });
  return { mean, variance };
}

function moved(old: Tensor, batch: readonly number[], momentum: number): Tensor {
  const data = allocate(old.dtype, batch.length) as NumberArray;
  batch.forEach((v, c) => {
    data[c] = toElement(old.dtype, (old.data[c] as number) * momentum + v * (1 - momentum));
  });
  return { dtype: old.dtype, shape: old.shape, data };
}

/** Versions 1 to 9: when they train, what they train, and the outputs that are gone. */
function adaptOld(node: ImportNode, version: number, b: Builder): ImportNode | readonly Value[] {
  const flag = (name: string, absent: boolean): boolean => {
    const a = node.attributes.find((a) => a.name === name);
    return a?.kind === "int" ? a.value !== 0n : absent;
  };
  const training = version < 7 ? !flag("is_test", false) : node.outputCount > 1;
  const kept = node.attributes.filter((a) => a.name !== "is_test" && a.name !== "spatial");
  const inputs = node.inputs as readonly Value[];
  const x = inputs[0];
  const places = version < 9 && !flag("spatial", true) && x?.type.kind === "tensor" && x.type.shape !== undefined;
  if (!training && !places) return { ...node, attributes: kept };
  const number = (name: string, absent: number): number => {
    const a = kept.find((a) => a.name === name);
    return a?.kind === "float" ? a.value : absent;
  };
  const attrs = { epsilon: number("epsilon", 1e-5), momentum: number("momentum", 0.9), training_mode: training };
  const flat = places ? flattened(inputs, b) : inputs;
  const [data, scale, bias, mean, variance] = flat as [Value, Value, Value, Value, Value];
  const operands = { x: data, scale, b: bias, input_mean: mean, input_var: variance };
  const results = b.emitAll(
    batchNormalization,
    operands,
    attrs,
    training ? Math.max(1, Math.min(node.outputCount, 3)) : 1,
  ) as Value[];
  // A batch that replaces the running statistics altogether shows what it is.
  if (node.outputCount > 3)
    results.push(...(b.emitAll(batchNormalization, operands, { ...attrs, momentum: 0 }, 3).slice(1) as Value[]));
  if (!places) return results;
  const back = (v: Value, i: number): Value =>
    b.emit(reshape, {
      data: v,
      shape: b.emit(dimsOp, {}, { values: shapeOf(i === 0 ? (x as Value) : (inputs[3] as Value)) }),
    });
  return results.map(back);
}

/** Images as vectors, and their statistics alike: every place is a channel. */
function flattened(inputs: readonly Value[], b: Builder): readonly Value[] {
  return inputs.map((v, i) => b.emit(reshape, { data: v, shape: b.int64s(i === 0 ? [0, -1] : [-1]) }));
}
