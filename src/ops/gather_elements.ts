/**
 * `y[i…] = data[i… with indices[i…] in place of i[axis]]`; negative indices count from the end. An index outside of the
 * axis is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__GatherElements.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { int, read, shape, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf, stridesOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { indexIn } from "./gather.ts";
import { eachIndex } from "./numeric.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { copyRun } from "./strided.ts";
import { indexTypes, wholeTypes } from "./type_sets.ts";

export const gatherElements = defineOp({
  name: "gather_elements",
  summary: "Elements along one axis, each by an index of its own.",
  onnx: { type: "GatherElements", since: [11, 13] },
  inputs: { data: "required", indices: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(0) },

  infer({ data, indices }, { axis }, ctx) {
    const dtype = dtypeIn(data, wholeTypes, "data", ctx);
    dtypeIn(indices, indexTypes, "indices", ctx);
    const extents = shapeIn(indices, "indices", ctx);
    checkElements(shapeIn(data, "data", ctx), extents, axis, ctx);
    return [tensorType(dtype, extents)];
  },

  evaluate({ data, indices }, { axis }) {
    const at = axis < 0 ? axis + data.shape.length : axis;
    const strides = stridesOf(data.shape);
    const along = strides[at] as number;
    const y = allocate(data.dtype, sizeOf(indices.shape));
    const from = numbers(indices);
    eachIndex(indices.shape, [strides.map((s, a) => (a === at ? 0 : s))], (i, [o]) => {
      copyRun(data, (o as number) + indexIn(from[i] as number, data.shape[at] as number) * along, y, i, 1);
    });
    return [{ dtype: data.dtype, shape: indices.shape, data: y }];
  },

  lower({ data, indices }, { axis }, l) {
    const at = axis < 0 ? axis + shapeOf(data).length : axis;
    const args = [read(data), shape(data), read(indices), shape(indices), int(at), write(l.output(0))];
    l.call("ops::gather_elements", args, { fallible: true });
  },
});

/** Indices have the data's rank, and no larger extents but along `axis`. */
export function checkElements(data: readonly Dim[], indices: readonly Dim[], axis: number, ctx: InferContext): void {
  const at = axisIn(axis, data.length, ctx);
  if (indices.length !== data.length)
    ctx.fail("E0201", { what: "rank of indices", expected: data.length, found: indices.length });
  for (const [a, d] of indices.entries()) {
    const limit = data[a] as Dim;
    if (a !== at && isStatic(d) && isStatic(limit) && d > limit)
      ctx.fail("E0201", { what: `extent of axis ${a} of indices`, expected: `at most ${limit}`, found: d });
  }
}
