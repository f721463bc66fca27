/**
 * A cache with new entries: a copy of `past_cache` in which, along `axis`, the entries from `write_indices[b]` on are those
 * of `update`, for each `b` of the first axis. A circular cache goes on at its beginning; in a linear one an index beyond
 * the end is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__TensorScatter.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, int, read, readOption, shape, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { expectExtents } from "./operands.ts";
import { agree, axisIn, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { around, copied, copyRun } from "./strided.ts";
import { anyType } from "./type_sets.ts";

export const tensorScatter = defineOp({
  name: "tensor_scatter",
  summary: "A key or value cache with new entries.",
  onnx: { type: "TensorScatter", since: [24] },
  inputs: { past_cache: "required", update: "required", write_indices: "optional" },
  outputs: { present_cache: "required" },
  attrs: { axis: attr.int(-2), mode: attr.oneOf(["linear", "circular"], "linear") },

  infer({ past_cache, update, write_indices }, { axis }, ctx) {
    const dtype = sameDType([past_cache, update], ctx);
    dtypeIn(past_cache, anyType, "past_cache", ctx);
    const past = shapeIn(past_cache, "past_cache", ctx);
    const fresh = ranked(update, past.length, "update", ctx);
    const at = axisIn(axis, past.length, ctx);
    if (at === 0) ctx.fail("E0202", { name: "axis", value: axis, expected: "not the batch axis" });
    fresh.forEach((d, i) => {
      const limit = past[i] as Dim;
      if (i !== at) agree(limit, d, `extent of axis ${i} of update`, ctx);
      else if (isStatic(d) && isStatic(limit) && d > limit)
        ctx.fail("E0201", { what: `extent of axis ${i} of update`, expected: `at most ${limit}`, found: d });
    });
    if (write_indices) {
      dtypeIn(write_indices, ["i64"], "write_indices", ctx);
      const [count] = ranked(write_indices, 1, "write_indices", ctx);
      agree(past[0] as Dim, count as Dim, "extent of write_indices", ctx);
    }
    return [tensorType(dtype, past)];
  },

  evaluate({ past_cache, update, write_indices }, { axis, mode }) {
    const at = axis < 0 ? axis + past_cache.shape.length : axis;
    const [outer, extent, inner] = around(past_cache.shape, at);
    const count = update.shape[at] as number;
    const first = write_indices ? numbers(write_indices) : undefined;
    const perBatch = outer / (past_cache.shape[0] as number);
    const y = copied(past_cache);
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < count; i++) {
        const index = (first?.[Math.floor(o / perBatch)] ?? 0) + i;
        if (mode === "linear" && (index < 0 || index >= extent))
          throw new RangeError(`entry ${index} is written to a cache of ${extent}`);
        const to = ((index % extent) + extent) % extent;
        copyRun(update, (o * count + i) * inner, y.data, (o * extent + to) * inner, inner);
      }
    return [y];
  },

  lower({ past_cache, update, write_indices }, { axis, mode }, l) {
    const past = shapeOf(past_cache);
    const at = axis < 0 ? axis + past.length : axis;
    const others = (shape: readonly Dim[]): readonly Dim[] => shape.filter((_, i) => i !== at);
    expectExtents(l, others(shapeOf(update)), others(past));
    if (write_indices) expectExtents(l, shapeOf(write_indices), past.slice(0, 1));
    l.call(
      "ops::tensor_scatter",
      [
        read(past_cache),
        shape(past_cache),
        read(update),
        shape(update),
        readOption(write_indices),
        int(at),
        bool(mode === "circular"),
        write(l.output(0)),
      ],
      { fallible: true },
    );
  },
});
