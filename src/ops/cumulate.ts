/**
 * Running sums and products along an axis: over the elements up to each one, from each one on where `reverse`, without it
 * where `exclusive`. `axis` may be data of the run.
 *
 * Sources: https://onnx.ai/onnx/operators/onnx__CumSum.html, https://onnx.ai/onnx/operators/onnx__CumProd.html
 */
import { attr } from "../ir/attr.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, read, shape, struct, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { indexIn } from "./gather.ts";
import { toElement, wrapBig } from "./numeric.ts";
import { integers } from "./operands.ts";
import { dtypeIn, shapeIn } from "./shape_rules.ts";
import { around } from "./strided.ts";
import { indexTypes, sumTypes } from "./type_sets.ts";

interface Kind {
  readonly name: string;
  readonly type: string;
  readonly since: readonly number[];
  readonly summary: string;
  /** The runtime's name. */
  readonly reduction: string;
  readonly neutral: 0 | 1;
  readonly combine: <T extends number | bigint>(a: T, b: T) => T;
}

const cumulative = (kind: Kind) =>
  defineOp({
    name: kind.name,
    summary: kind.summary,
    onnx: { type: kind.type, since: kind.since },
    inputs: { x: "required", axis: "required" },
    outputs: { y: "required" },
    attrs: { exclusive: attr.bool(false), reverse: attr.bool(false) },

    infer({ x, axis }, _, ctx) {
      const dtype = dtypeIn(x, sumTypes, "x", ctx);
      dtypeIn(axis, indexTypes, "axis", ctx);
      return [tensorType(dtype, shapeIn(x, "x", ctx))];
    },

    evaluate({ x, axis }, { exclusive, reverse }) {
      const at = indexIn(numbers(axis)[0] as number, x.shape.length);
      return [cumulate(x, at, kind, exclusive, reverse)];
    },

    lower({ x, axis }, { exclusive, reverse }, l) {
      const op = struct(`ops::reduce::${kind.reduction}`);
      const args = [op, read(x), shape(x), integers(axis), bool(exclusive), bool(reverse), write(l.output(0))];
      l.call("ops::cumulate", args, { fallible: true });
    },

    error: "accumulated in f64, every result rounded once",
  });

function cumulate(x: Tensor, axis: number, kind: Kind, exclusive: boolean, reverse: boolean): Tensor {
  const [outer, extent, inner] = around(x.shape, axis);
  const y = allocate(x.dtype, sizeOf(x.shape)) as (number | bigint)[] & Tensor["data"];
  const big = x.dtype === "i64" || x.dtype === "u64";
  const store = (v: number | bigint): number | bigint =>
    typeof v === "bigint" ? wrapBig(x.dtype as "i64" | "u64", v) : toElement(x.dtype, v);
  // 32-bit products leave the exact range of doubles: integers are kept wrapped.
  const wraps = big || x.dtype === "i32" || x.dtype === "u32";
  for (let o = 0; o < outer; o++)
    for (let n = 0; n < inner; n++) {
      let running: number | bigint = wraps ? BigInt(kind.neutral) : kind.neutral;
      for (let j = 0; j < extent; j++) {
        const i = (o * extent + (reverse ? extent - 1 - j : j)) * inner + n;
        const element = wraps ? BigInt(x.data[i] as number | bigint) : (x.data[i] as number);
        const next = kind.combine(running as number, element as number) as number | bigint;
        const result = exclusive ? running : next;
        y[i] =
          big || typeof result === "number" ? store(result) : toElement(x.dtype, Number(BigInt.asIntN(32, result)));
        running = typeof next === "bigint" ? BigInt.asIntN(64, next) : next;
      }
    }
  return { dtype: x.dtype, shape: x.shape, data: y };
}

export const cumSum = cumulative({
  name: "cum_sum",
  type: "CumSum",
  since: [11, 14],
  summary: "Running sums along an axis.",
  reduction: "Sum",
  neutral: 0,
  combine: (a, b) => ((a as number) + (b as number)) as typeof a,
});

export const cumProd = cumulative({
  name: "cum_prod",
  type: "CumProd",
  since: [26],
  summary: "Running products along an axis.",
  reduction: "Prod",
  neutral: 1,
  combine: (a, b) => ((a as number) * (b as number)) as typeof a,
});
