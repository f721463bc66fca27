/**
 * `y[o…, i…, n…] = data[o…, indices[i…], n…]`: entries of `data` along one axis, by index; negative indices count from the
 * end. An index outside of the axis is an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Gather.html
 */
import { attr } from "../ir/attr.ts";
import { type Contents, shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { int, read, shape, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { integers } from "./operands.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { around, copyRun } from "./strided.ts";
import { indexTypes, wholeTypes } from "./type_sets.ts";

export const gather = defineOp({
  name: "gather",
  summary: "Entries along one axis, by index.",
  onnx: { type: "Gather", since: [1, 11, 13] },
  inputs: { data: "required", indices: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(0) },

  infer({ data, indices }, { axis }, ctx) {
    const dtype = dtypeIn(data, wholeTypes, "data", ctx);
    dtypeIn(indices, indexTypes, "indices", ctx);
    const from = shapeIn(data, "data", ctx);
    const at = axisIn(axis, from.length, ctx);
    const type = tensorType(dtype, [...from.slice(0, at), ...shapeIn(indices, "indices", ctx), ...from.slice(at + 1)]);
    const known = pickContents(data.contents, contentsIn(indices));
    return [known ? { type, contents: known } : type];
  },

  evaluate({ data, indices }, { axis }) {
    const at = axis < 0 ? axis + data.shape.length : axis;
    const [outer, extent, inner] = around(data.shape, at);
    const from = numbers(indices).map((i) => indexIn(i, extent));
    const result = [...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)];
    const y = allocate(data.dtype, sizeOf(result));
    for (let o = 0; o < outer; o++)
      for (const [k, i] of from.entries())
        copyRun(data, (o * extent + i) * inner, y, (o * from.length + k) * inner, inner);
    return [{ dtype: data.dtype, shape: result, data: y }];
  },

  lower({ data, indices }, { axis }, l) {
    const at = axis < 0 ? axis + shapeOf(data).length : axis;
    const args = [read(data), shape(data), integers(indices), int(at), write(l.output(0))];
    l.call("ops::gather", args, { fallible: true });
  },
});

/** `i` counted from the front; throws RangeError outside of −extent … extent − 1. */
export function indexIn(i: number, extent: number): number {
  const at = i < 0 ? i + extent : i;
  if (at < 0 || at >= extent) throw new RangeError(`index ${i} is outside of an axis of extent ${extent}`);
  return at;
}

/** Elements of a shape vector by known index. */
function pickContents(data: Contents | undefined, indices: Contents | undefined): Contents | undefined {
  if (!data || !indices) return undefined;
  return indices.map((i) => (typeof i === "number" ? data[i < 0 ? i + data.length : i] : undefined));
}
