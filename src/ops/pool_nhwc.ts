/**
 * Pools of f32 images with channels last: maximum or mean over windows, or the mean of a whole image. Operators of the IR's
 * own, made by `channels-last`.
 */
import { attr } from "../ir/attr.ts";
import { type Dim, mul } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { type Arg, bool, dim, pool, read, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { averagePool } from "./average_pool.ts";
import { permuted, toChannelsFirst, toChannelsLast } from "./channels_last.ts";
import { conv2dArg } from "./conv_nhwc.ts";
import { globalAveragePool } from "./global_pool.ts";
import { maxPool } from "./max_pool.ts";
import { ranked } from "./shape_rules.ts";
import { slidingWindow } from "./window.ts";

const windowAttrs = {
  kernel_shape: attr.internal<readonly number[]>([]),
  strides: attr.internal<readonly number[]>([1, 1]),
  /** Top, left, bottom, right. */
  pads: attr.internal<readonly number[]>([0, 0, 0, 0]),
  dilations: attr.internal<readonly number[]>([1, 1]),
  ceil_mode: attr.internal(false),
} as const;

interface WindowAttrs {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly ceil_mode: boolean;
}

type Fail = Parameters<typeof ranked>[3];

function extents(x: Value, attrs: WindowAttrs, ctx: Fail): readonly Dim[] {
  const [n, h, w, c] = ranked(x, 4, "x", ctx) as readonly [Dim, Dim, Dim, Dim];
  const { output } = slidingWindow([h, w], attrs.kernel_shape, { ...attrs, auto_pad: "NOTSET" }, ctx, attrs.ceil_mode);
  return [n, ...output, c];
}

/** The extents of the window as the runtime's `Conv2d`, and those of the result. */
function shapeArgs(x: Value, y: Value, attrs: WindowAttrs): readonly [Arg, Arg] {
  const [, oh, ow] = shapeOf(y) as readonly [Dim, Dim, Dim, Dim];
  const channels = shapeOf(x)[3] as number;
  return [conv2dArg(x, channels, attrs.kernel_shape, { ...attrs, group: channels }), arrayArg([dim(oh), dim(ow)])];
}

const arrayArg = (items: readonly Arg[]): Arg => ({ kind: "array", items });
const standard = { auto_pad: "NOTSET" as const };

export const maxPoolNhwc = defineOp({
  name: "max_pool_nhwc",
  summary: "The greatest value of each window of images with channels last.",
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: windowAttrs,
  infer: ({ x }, attrs, ctx) => [tensorType("f32", extents(x, attrs, ctx))],
  evaluate: ({ x }, attrs, ctx) =>
    (maxPool.evaluate?.({ x: permuted(x, toChannelsFirst) }, { ...attrs, ...standard, storage_order: 0 }, ctx) ?? [])
      .slice(0, 1)
      .map((t) => permuted(t as typeof x, toChannelsLast)),
  lower({ x }, attrs, l) {
    const [shape, output] = shapeArgs(x, l.output(0), attrs);
    l.call("conv::max_pool", [pool, shape, output, read(x), write(l.output(0))]);
  },
});

export const averagePoolNhwc = defineOp({
  name: "average_pool_nhwc",
  summary: "The mean of each window of images with channels last.",
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { ...windowAttrs, count_include_pad: attr.internal(false) },
  infer: ({ x }, attrs, ctx) => [tensorType("f32", extents(x, attrs, ctx))],
  evaluate: ({ x }, attrs, ctx) =>
    (averagePool.evaluate?.({ x: permuted(x, toChannelsFirst) }, { ...attrs, ...standard }, ctx) ?? []).map((t) =>
      permuted(t as typeof x, toChannelsLast),
    ),
  lower({ x }, attrs, l) {
    const [shape, output] = shapeArgs(x, l.output(0), attrs);
    l.call("conv::average_pool", [pool, shape, output, bool(attrs.count_include_pad), read(x), write(l.output(0))]);
  },
});

export const globalAveragePoolNhwc = defineOp({
  name: "global_average_pool_nhwc",
  summary: "The mean of each channel of images with channels last.",
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {},
  infer({ x }, _, ctx) {
    const [n, , , c] = ranked(x, 4, "x", ctx) as readonly [Dim, Dim, Dim, Dim];
    return [tensorType("f32", [n, 1, 1, c])];
  },
  evaluate: ({ x }, attrs, ctx) =>
    (globalAveragePool.evaluate?.({ x: permuted(x, toChannelsFirst) }, attrs, ctx) ?? []).map((t) =>
      permuted(t as typeof x, toChannelsLast),
    ),
  lower({ x }, _, l) {
    const [n, h, w, c] = shapeOf(x) as readonly [Dim, Dim, Dim, Dim];
    l.call("conv::global_average_pool", [
      pool,
      arrayArg([dim(n), dim(mul(h, w)), dim(c)]),
      read(x),
      write(l.output(0)),
    ]);
  },
});
