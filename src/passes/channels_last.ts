/**
 * Convolutions and pools of f32 images work with channels last: the operator's own form with transposes around it, which
 * `sink-transposes` then moves to where they meet and vanish.
 */
import type { Builder } from "../ir/builder.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { type Op, shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { lazyLiteral } from "../ir/literal.ts";
import type { AnyOpDef } from "../ir/op_def.ts";
import { averagePool } from "../ops/average_pool.ts";
import { reshaped, toChannelsFirst, toChannelsLast } from "../ops/channels_last.ts";
import { conv, windowOf } from "../ops/conv.ts";
import { convNhwc } from "../ops/conv_nhwc.ts";
import { dims } from "../ops/dims.ts";
import { globalAveragePool } from "../ops/global_pool.ts";
import { maxPool } from "../ops/max_pool.ts";
import { type PoolAttrs, windowOver } from "../ops/pool.ts";
import { averagePoolNhwc, globalAveragePoolNhwc, maxPoolNhwc } from "../ops/pool_nhwc.ts";
import { reshape } from "../ops/reshape.ts";
import { transpose } from "../ops/transpose.ts";
import type { Pass } from "./pass.ts";
import { rewriteOps } from "./rewrite.ts";

export const channelsLast: Pass = {
  name: "channels-last",
  summary: "convolutions and pools of images work with channels last",
  optional: true,
  run: (program) =>
    rewriteOps(program, ({ op, builder }) => {
      const [x] = op.inputs;
      const [y] = op.outputs;
      if (!x || op.outputs.length !== 1 || y?.type.kind !== "tensor" || y.type.dtype !== "f32") return undefined;
      if (y.type.shape?.length === 3 && op.def === (conv as AnyOpDef)) return line(op, builder);
      if (y.type.shape?.length !== 4) return undefined;
      const form = forms.get(op.def.name);
      const made = form?.(op, builder.emit(transpose, { data: x }, { perm: toChannelsLast }), builder);
      return made && [builder.emit(transpose, { data: made }, { perm: toChannelsFirst })];
    }),
};

/** The operator over `x` with channels last, if it has such a form. */
type Form = (op: Op, x: Value, b: Builder) => Value | undefined;

const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
  [conv.name, convolution],
  [maxPool.name, (op, x, b) => pooling(op, x, b, maxPoolNhwc)],
  [averagePool.name, (op, x, b) => pooling(op, x, b, averagePoolNhwc)],
  [globalAveragePool.name, (_, x, b) => b.emit(globalAveragePoolNhwc, { x })],
]);

function pooling(op: Op, x: Value, b: Builder, def: typeof maxPoolNhwc | typeof averagePoolNhwc): Value | undefined {
  const window = windowOver(op.inputs[0] as Value, op.attrs as unknown as PoolAttrs);
  const [pads, { kernel }] = [[...window.begin, ...window.end], window];
  if (!pads.every(isStatic) || !kernel.every(isStatic) || !isStatic(shapeOf(x)[3] as Dim)) return undefined;
  const ceil = Boolean(op.attrs.ceil_mode);
  const padded = Boolean(op.attrs.count_include_pad);
  // Which taps of a last, partly filled window count is the general kernel's business.
  if (ceil && padded) return undefined;
  const attrs = { kernel_shape: kernel, strides: window.strides, dilations: window.dilations, pads, ceil_mode: ceil };
  return b.emitOp(def as AnyOpDef, [x], def === averagePoolNhwc ? { ...attrs, count_include_pad: padded } : attrs, [
    true,
  ]).outputs[0];
}

function convolution(op: Op, x: Value, b: Builder): Value | undefined {
  const [from, w, bias] = op.inputs as [Value, Value, Value | undefined];
  if (w.literal?.dtype !== "f32" || (bias && !bias.literal) || !shapeOf(x).slice(-1).every(isStatic)) return undefined;
  if (tensorOf(from).dtype !== "f32") return undefined;
  const window = windowOf(from, w, op.attrs as Parameters<typeof windowOf>[2]);
  const pads = [...window.begin, ...window.end];
  if (!pads.every(isStatic)) return undefined;
  return b.emit(
    convNhwc,
    { x, w, ...(bias && { bias }) },
    { strides: window.strides, pads, dilations: window.dilations, group: op.attrs.group as number },
  );
}

/** A convolution along one axis is one of images of height 1. */
function line(op: Op, b: Builder): readonly Value[] | undefined {
  const [from, w, bias] = op.inputs as [Value, Value, Value | undefined];
  const [n, channels, length] = shapeOf(from) as readonly [Dim, Dim, Dim];
  if (w.literal?.dtype !== "f32" || (bias && !bias.literal) || !isStatic(channels) || tensorOf(from).dtype !== "f32")
    return undefined;
  const window = windowOf(from, w, op.attrs as Parameters<typeof windowOf>[2]);
  const [begin, end] = [window.begin[0] as Dim, window.end[0] as Dim];
  if (!isStatic(begin) || !isStatic(end)) return undefined;
  const rows = b.emit(transpose, { data: from }, { perm: swapped });
  const x = b.emit(reshape, { data: rows, shape: b.emit(dims, {}, { values: [n, 1, length, channels] }) });
  const { literal } = w;
  const [outputs, inputs, taps] = literal.shape as [number, number, number];
  const flat = lazyLiteral("f32", [outputs, inputs, 1, taps], () =>
    reshaped(literal.load(), [outputs, inputs, 1, taps]),
  );
  const made = b.emit(
    convNhwc,
    {
      x,
      w: b.literal(literal.splat === undefined ? flat : { ...flat, splat: literal.splat }, w.name),
      ...(bias && { bias }),
    },
    {
      strides: [1, window.strides[0] as number],
      pads: [0, begin, 0, end],
      dilations: [1, window.dilations[0] as number],
      group: op.attrs.group as number,
    },
  );
  const [, , columns] = shapeOf(made) as readonly [Dim, Dim, Dim, Dim];
  const y = b.emit(reshape, { data: made, shape: b.emit(dims, {}, { values: [n, columns, outputs] }) });
  return [b.emit(transpose, { data: y }, { perm: swapped })];
}

/** [n, channels, length] ↔ [n, length, channels]. */
const swapped = [0, 2, 1];
