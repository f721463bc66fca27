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
import { numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { pick } from "./numeric.ts";
import { axisIn, shapeIn, tensorIn } from "./shape_rules.ts";

export const gather = defineOp({
  name: "gather",
  summary: "Entries along one axis, by index.",
  onnx: { type: "Gather", since: [1, 11, 13] },
  inputs: { data: "required", indices: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(0) },

  infer({ data, indices }, { axis }, ctx) {
    const from = shapeIn(data, "data", ctx);
    const at = axisIn(axis, from.length, ctx);
    const type = tensorType(tensorIn(data, "data", ctx).dtype, [...from.slice(0, at), ...shapeIn(indices, "indices", ctx), ...from.slice(at + 1)]);
    const known = pickContents(data.contents, indices.contents);
    return [known ? { type, contents: known } : type];
  },

  evaluate({ data, indices }, { axis }) {
    const at = axis < 0 ? axis + data.shape.length : axis;
    const extent = data.shape[at] as number;
    const inner = sizeOf(data.shape.slice(at + 1));
    const count = sizeOf(indices.shape);
    const from = numbers(indices).map((i) => (i < 0 ? i + extent : i));
    if (from.some((i) => i < 0 || i >= extent)) throw new RangeError(`an index is outside of axis ${at} (extent ${extent})`);
    const result = [...data.shape.slice(0, at), ...indices.shape, ...data.shape.slice(at + 1)];
    return [
      pick(data, result, (i) => {
        const [o, k, n] = [Math.floor(i / (count * inner)), Math.floor(i / inner) % count, i % inner];
        return (o * extent + (from[k] as number)) * inner + n;
      }),
    ];
  },

  lower({ data, indices }, { axis }, l) {
    const at = axis < 0 ? axis + shapeOf(data).length : axis;
    l.call("ops::gather", [read(data), shape(data), read(indices), int(at), write(l.output(0))], { fallible: true });
  },
});

/** Elements of a shape vector by known index. */
function pickContents(data: Contents | undefined, indices: Contents | undefined): Contents | undefined {
  if (!data || !indices) return undefined;
  return indices.map((i) => (typeof i === "number" ? data[i < 0 ? i + data.length : i] : undefined));
}
