/**
 * A copy of `data` in which `y[indices[i…, :]…, n…]` is `updates[i…, n…]`, or is combined with it. Updates of one place
 * apply in row-major order. Negative indices count from the end; one outside of its axis is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ScatterND.html
 */
import type { Dim } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { read, shape, write } from "../ir/plan.ts";
import { numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { tupleOffset } from "./gather_nd.ts";
import { expectExtents } from "./operands.ts";
import { checkReduction, combine, reductionArg, reductionAttr } from "./scatter_reduction.ts";
import { agree, dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";
import { copied } from "./strided.ts";
import { wholeTypes } from "./type_sets.ts";

type Element = number | bigint | string;

export const scatterNd = defineOp({
  name: "scatter_nd",
  summary: "Sub-arrays written by index of several axes.",
  onnx: { type: "ScatterND", since: [11, 13, 16, 18] },
  inputs: { data: "required", indices: "required", updates: "required" },
  outputs: { output: "required" },
  attrs: { reduction: reductionAttr },

  infer({ data, indices, updates }, { reduction }, ctx) {
    const dtype = dtypeIn(data, wholeTypes, "data", ctx);
    sameDType([data, updates], ctx);
    dtypeIn(indices, ["i64"], "indices", ctx);
    checkReduction(reduction, dtype, ctx);
    checkUpdates(data, indices, updates, ctx);
    return [tensorType(dtype, shapeIn(data, "data", ctx))];
  },

  evaluate({ data, indices, updates }, { reduction }) {
    const depth = indices.shape.at(-1) as number;
    const run = sizeOf(data.shape.slice(depth));
    const y = copied(data);
    const [cells, given] = [y.data as Element[], updates.data as ArrayLike<Element>];
    const at = numbers(indices);
    for (let n = 0; n < sizeOf(indices.shape.slice(0, -1)); n++) {
      const place = tupleOffset(at.slice(n * depth, (n + 1) * depth), data.shape.slice(0, depth)) * run;
      for (let i = 0; i < run; i++)
        cells[place + i] = combine(reduction, data.dtype, cells[place + i] as Element, given[n * run + i] as Element);
    }
    return [y];
  },

  lower({ data, indices, updates }, { reduction }, l) {
    const op = reductionArg(reduction);
    const [from, at, given] = [shapeOf(data), shapeOf(indices), shapeOf(updates)];
    expectExtents(l, given, updateShape(from, at, given.length));
    expectExtents(l, at.slice(-1), [at.length - 1 + from.length - given.length]);
    const args = [read(data), shape(data), read(indices), shape(indices), read(updates), write(l.output(0))];
    if (op) l.call("ops::scatter_nd_with", [op, ...args], { fallible: true });
    else l.call("ops::scatter_nd", args, { fallible: true });
  },

  error: "updates that are combined are rounded to the element type one by one",
});

/** Extents that `updates` must have. The number of axes indexed follows from the ranks. */
function updateShape(data: readonly Dim[], indices: readonly Dim[], rank: number): readonly Dim[] {
  const depth = indices.length - 1 + data.length - rank;
  return [...indices.slice(0, -1), ...data.slice(depth)];
}

function checkUpdates(data: Value, indices: Value, updates: Value, ctx: InferContext): void {
  const from = shapeIn(data, "data", ctx);
  const at = shapeIn(indices, "indices", ctx);
  if (at.length === 0) ctx.fail("E0201", { what: "rank of indices", expected: "at least 1", found: 0 });
  const found = shapeIn(updates, "updates", ctx);
  const depth = at.length - 1 + from.length - found.length;
  if (depth < 0 || depth > from.length)
    ctx.fail("E0201", {
      what: "rank of updates",
      expected: `${at.length - 1} to ${at.length - 1 + from.length}`,
      found: found.length,
    });
  agree(depth, at.at(-1) as Dim, "last extent of indices", ctx);
  const expected = updateShape(from, at, found.length);
  found.forEach((d, i) => {
    agree(expected[i] as Dim, d, `extent of axis ${i} of updates`, ctx);
  });
}
