/**
 * Reductions over the axes `axes`: sums, means, products, extrema, norms and logarithms of sums.
 *
 * Without axes (none given, or an empty list) all axes are reduced; where `noop_with_empty_axes` none is, and what happens
 * to single elements still does: a sum of squares squares them. Of nothing a sum is 0, a product 1, a maximum −∞ or the
 * type's least value, a minimum +∞ or its greatest, a mean NaN (0 for integers), a logarithm −∞. NaN wins in extrema.
 * Integers wrap around; means, roots and logarithms of them are cut off.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ReduceSum.html and its siblings.
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, grow, read, shape, struct, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { asInput } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { bindExtents, indexList, integers, isUnranked } from "./operands.ts";
import { type Reduction, reduceTensor, reductions } from "./reduce_reference.ts";
import { axesIn, dtypeIn, knownInts, ranked, shapeIn } from "./shape_rules.ts";
import { sumTypes } from "./type_sets.ts";

const extremumTypes: readonly DType[] = [...sumTypes, "u8", "i8"];

/** Axes as `infer` can know them: the list, or the number of them, or nothing. */
type Axes = { readonly known: readonly number[] } | { readonly count: number | undefined };

const reduction = (kind: Reduction, since: readonly number[], allowed: readonly DType[], inputSince: number) =>
  defineOp({
    name: `reduce_${snake(kind)}`,
    summary: reductions[kind].summary,
    onnx: {
      type: `Reduce${kind}`,
      since,
      adapt: (node, version, b) => (version < inputSince ? asInput(node, "axes", 1, b) : node),
    },
    inputs: { data: "required", axes: "optional" },
    outputs: { reduced: "required" },
    attrs: { keepdims: attr.bool(true), noop_with_empty_axes: attr.bool(false) },

    infer({ data, axes }, { keepdims, noop_with_empty_axes }, ctx) {
      const dtype = dtypeIn(data, allowed, "data", ctx);
      const from = shapeIn(data, "data", ctx);
      return [tensorType(dtype, reduced(from, axesOf(axes, from.length, noop_with_empty_axes, ctx), keepdims, ctx))];
    },

    evaluate({ data, axes }, { keepdims, noop_with_empty_axes }) {
      const given = axes ? numbers(axes) : [];
      const rank = data.shape.length;
      const all = given.length === 0 && !noop_with_empty_axes;
      const gone = all ? data.shape.map((_, i) => i) : given.map((a) => (a < 0 ? a + rank : a));
      return [reduceTensor(kind, data, gone, keepdims)];
    },

    lower({ data, axes }, { keepdims, noop_with_empty_axes }, l) {
      const y = l.output(0);
      const op = struct(`ops::reduce::${kind}`);
      const list = axesOf(axes, shapeOf(data).length, noop_with_empty_axes, { fail: unreachable });
      if ("known" in list) {
        l.call("ops::reduce", [op, read(data), shape(data), indexList(list.known), write(y)]);
        return;
      }
      const how = [integers(axes), bool(!noop_with_empty_axes)];
      if (isUnranked(y)) {
        l.call("ops::reduce_tensor", [op, read(data), shape(data), ...how, grow(y)], { fallible: true });
        return;
      }
      bindExtents(l, y, "ops::reduce_extents", [shape(data), ...how, bool(keepdims)]);
      l.call("ops::reduce_along", [op, read(data), shape(data), ...how, write(y)], { fallible: true });
    },

    error: reductions[kind].error,
  });

const unreachable = (): never => {
  throw new TypeError("infer has accepted these axes");
};

const snake = (kind: string): string => kind.replace(/(?<=[a-z])[A-Z]/g, "_$&").toLowerCase();

function axesOf(axes: Value | undefined, rank: number, noop: boolean, ctx: Pick<InferContext, "fail">): Axes {
  const all = { known: noop ? [] : Array.from({ length: rank }, (_, i) => i) };
  if (!axes) return all;
  const [count] = ranked(axes, 1, "axes", ctx);
  if (count === 0) return all;
  const known = knownInts(contentsIn(axes));
  if (known) return { known: axesIn(known, rank, ctx) };
  return { count: isStatic(count as Dim) ? (count as number) : undefined };
}

function reduced(from: readonly Dim[], axes: Axes, keep: boolean, ctx: InferContext): readonly Dim[] | undefined {
  if ("known" in axes) {
    const gone = new Set(axes.known);
    return keep ? from.map((d, i) => (gone.has(i) ? 1 : d)) : from.filter((_, i) => !gone.has(i));
  }
  // Which axes go is data: each may stay or not, but how many go is known.
  if (keep) return from.map((d) => (d === 1 ? 1 : ctx.fresh(d)));
  if (axes.count === undefined) return undefined;
  return from.slice(axes.count).map(() => ctx.fresh());
}

const sums = (kind: Reduction) => reduction(kind, [1, 11, 13, 18], sumTypes, 18);

export const reduceSum = reduction("Sum", [1, 11, 13], sumTypes, 13);
export const reduceMean = sums("Mean");
export const reduceMax = reduction("Max", [1, 11, 12, 13, 18, 20], [...extremumTypes, "bool"], 18);
export const reduceMin = reduction("Min", [1, 11, 12, 13, 18, 20], [...extremumTypes, "bool"], 18);
export const reduceProd = sums("Prod");
export const reduceL1 = sums("L1");
export const reduceL2 = sums("L2");
export const reduceLogSum = sums("LogSum");
export const reduceLogSumExp = sums("LogSumExp");
export const reduceSumSquare = sums("SumSquare");
