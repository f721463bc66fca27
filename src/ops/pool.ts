/** What the pools share: the window over the spatial axes of an array whose channels come first. */
import type { Dim } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import type { InferContext } from "../ir/op_def.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { shapeIn } from "./shape_rules.ts";
import {
  accepted,
  perAxis,
  type StaticWindow,
  slidingWindow,
  tapPairs,
  type Window,
  type WindowAttrs,
} from "./window.ts";

export interface PoolAttrs extends WindowAttrs {
  readonly ceil_mode: boolean;
}

/** The window that a pool slides over arrays of these extents. */
export function poolWindow(
  shape: readonly Dim[],
  attrs: PoolAttrs,
  ctx: Pick<InferContext, "fail"> = accepted,
): Window {
  if (shape.length < 3) ctx.fail("E0201", { what: "rank of x", expected: "3 or more", found: shape.length });
  const kernel = perAxis(attrs.kernel_shape, shape.length - 2, "kernel_shape", 1, 1, ctx);
  return slidingWindow(shape.slice(2), kernel, attrs, ctx, attrs.ceil_mode);
}

/** Extents of a pool's result. */
export function pooled(x: Value, attrs: PoolAttrs, ctx: InferContext): readonly Dim[] {
  const shape = shapeIn(x, "x", ctx);
  return [...shape.slice(0, 2), ...poolWindow(shape, attrs, ctx).output];
}

export const windowOver = (x: Value, attrs: PoolAttrs): Window => poolWindow(shapeOf(x), attrs);

/** The window over a tensor, and what each of its taps reads: pairs (input, output) of offsets within a channel. */
export interface Reads {
  readonly window: StaticWindow;
  readonly taps: readonly Int32Array[];
  /** Elements of a channel of x and of the result, and the number of channels of all images. */
  readonly input: number;
  readonly output: number;
  readonly channels: number;
  readonly shape: readonly number[];
}

export function readsOf(x: Tensor, attrs: PoolAttrs): Reads {
  const input = x.shape.slice(2);
  const window = poolWindow(x.shape, attrs) as StaticWindow;
  return {
    window,
    taps: tapPairs(window, input),
    input: sizeOf(input),
    output: sizeOf(window.output),
    channels: sizeOf(x.shape.slice(0, 2)),
    shape: [...x.shape.slice(0, 2), ...window.output],
  };
}

/** Calls `f(x, y)` for each element that a window reads: offsets in all of x and in all of the result. Taps in order. */
export function eachRead({ taps, channels, input, output }: Reads, f: (x: number, y: number) => void): void {
  for (let n = 0; n < channels; n++)
    for (const pairs of taps)
      for (let i = 0; i < pairs.length; i += 2)
        f(n * input + (pairs[i] as number), n * output + (pairs[i + 1] as number));
}
