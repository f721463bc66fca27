/**
 * A copy of `data` in which `y[indices[i…, :]…, n…]` is `updates[i…, n…]`, or is combined with it. Updates of one place
 * apply in row-major order. Negative indices count from the end; one outside of its axis is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ScatterND.html
 */
import { type Dim, isStatic } from "../ir/dim.ts";
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
    expectExtents(l, shapeOf(updates), updateShape(shapeOf(data), shapeOf(indices)));
    const args = [read(data), shape(data), read(indices), shape(indices), read(updates), write(l.output(0))];
    if (op) l.call("ops::scatter_nd_with", [op, ...args], { fallible: true });
    else l.call("ops::scatter_nd", args, { fallible: true });
  },

  error: "updates that are combined are rounded to the element type one by one",
});

const updateShape = (data: readonly Dim[], indices: readonly Dim[]): readonly Dim[] => [
  ...indices.slice(0, -1),
  ...data.slice(indices.at(-1) as number),
];

function checkUpdates(data: Value, indices: Value, updates: Value, ctx: InferContext): undefined {
  const from = shapeIn(data, "data", ctx);
  const at = shapeIn(indices, "indices", ctx);
  const depth = at.at(-1);
  if (depth === undefined) return ctx.fail("E0201", { what: "rank of indices", expected: "at least 1", found: 0 });
  if (!isStatic(depth)) return ctx.fail("E0205", { what: "the last extent of indices" });
  if (depth > from.length)
    ctx.fail("E0201", { what: "last extent of indices", expected: `at most ${from.length}`, found: depth });
  const expected = updateShape(from, at);
  const found = shapeIn(updates, "updates", ctx);
  if (found.length !== expected.length)
    ctx.fail("E0201", { what: "rank of updates", expected: expected.length, found: found.length });
  found.forEach((d, i) => {
    agree(expected[i] as Dim, d, `extent of axis ${i} of updates`, ctx);
  });
  return undefined;
}
