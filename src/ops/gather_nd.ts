/**
 * `y[b…, i…, n…] = data[b…, indices[b…, i…, :]…, n…]`: the last axis of `indices` holds indices of the axes of `data`
 * behind the first `batch_dims`. Negative indices count from the end; one outside of its axis is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__GatherND.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { grow, int, read, shape, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { indexIn } from "./gather.ts";
import { expectExtents, isUnranked } from "./operands.ts";
import { agree, dtypeIn, shapeIn } from "./shape_rules.ts";
import { copyRun } from "./strided.ts";
import { wholeTypes } from "./type_sets.ts";

export const gatherNd = defineOp({
  name: "gather_nd",
  summary: "Sub-arrays by index of several axes.",
  onnx: { type: "GatherND", since: [11, 12, 13] },
  inputs: { data: "required", indices: "required" },
  outputs: { output: "required" },
  attrs: { batch_dims: attr.int(0) },

  infer({ data, indices }, { batch_dims }, ctx) {
    const dtype = dtypeIn(data, wholeTypes, "data", ctx);
    dtypeIn(indices, ["i64"], "indices", ctx);
    const from = shapeIn(data, "data", ctx);
    const at = shapeIn(indices, "indices", ctx);
    const depth = at.at(-1);
    if (depth === undefined) return ctx.fail("E0201", { what: "rank of indices", expected: "at least 1", found: 0 });
    const most = from.length - batch_dims;
    if (batch_dims < 0 || batch_dims >= Math.min(from.length, at.length))
      ctx.fail("E0202", { name: "batch_dims", value: batch_dims, expected: "less than both ranks" });
    if (!isStatic(depth)) return [tensorType(dtype, undefined)];
    if (depth > most) ctx.fail("E0201", { what: "last extent of indices", expected: `at most ${most}`, found: depth });
    const batch = from.slice(0, batch_dims).map((d, i) => agree(d, at[i] as Dim, `extent of batch axis ${i}`, ctx));
    return [tensorType(dtype, [...batch, ...at.slice(batch_dims, -1), ...from.slice(batch_dims + depth)])];
  },

  evaluate({ data, indices }, { batch_dims }) {
    const depth = indices.shape.at(-1) as number;
    const inner = data.shape.slice(batch_dims + depth);
    const axes = data.shape.slice(batch_dims, batch_dims + depth);
    const shape = [...indices.shape.slice(0, -1), ...inner];
    const [run, block] = [sizeOf(inner), sizeOf(data.shape.slice(batch_dims))];
    const perBatch = sizeOf(indices.shape.slice(batch_dims, -1));
    const y = allocate(data.dtype, sizeOf(shape));
    const at = numbers(indices);
    for (let n = 0; n < sizeOf(indices.shape.slice(0, -1)); n++) {
      const place = tupleOffset(at.slice(n * depth, (n + 1) * depth), axes);
      copyRun(data, Math.floor(n / perBatch) * block + place * run, y, n * run, run);
    }
    return [{ dtype: data.dtype, shape, data: y }];
  },

  lower({ data, indices }, { batch_dims }, l) {
    expectExtents(l, shapeOf(indices).slice(0, batch_dims), shapeOf(data).slice(0, batch_dims));
    const y = l.output(0);
    const args = [read(data), shape(data), read(indices), shape(indices), int(batch_dims)];
    if (isUnranked(y)) l.call("ops::gather_nd_tensor", [...args, grow(y)], { fallible: true });
    else l.call("ops::gather_nd", [...args, write(y)], { fallible: true });
  },
});

/** Row-major position of an index of the given axes; throws RangeError outside of them. */
export const tupleOffset = (tuple: readonly number[], axes: readonly number[]): number =>
  tuple.reduce((at, i, a) => at * (axes[a] as number) + indexIn(i, axes[a] as number), 0);
