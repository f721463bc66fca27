/**
 * The extents of an array, those of axes `start` to `end` (exclusive) only. Both count from the end where negative and are
 * clamped to the axes there are.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Shape.html
 */
import { attr, optional } from "../ir/attr.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { write } from "../ir/plan.ts";
import { int64s } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { shapeIn } from "./shape_rules.ts";

export const shape = defineOp({
  name: "shape",
  summary: "The extents of an array.",
  onnx: { type: "Shape", since: [1, 13, 15, 19, 21, 23, 24, 25] },
  inputs: { data: "required" },
  outputs: { shape: "required" },
  attrs: { start: attr.int(0), end: attr.int(optional) },

  infer({ data }, { start, end }, ctx) {
    const extents = part(shapeIn(data, "data", ctx), start, end);
    return [{ type: tensorType("i64", [extents.length]), contents: extents }];
  },

  evaluate({ data }, { start, end }) {
    return [int64s(part(data.shape, start, end))];
  },

  lower({ data }, { start, end }, l) {
    l.call("write_dims", [{ kind: "integers", dims: part(shapeOf(data), start, end) }, write(l.output(0))]);
  },
});

/** JavaScript's `slice` counts and clamps as the operator does. */
const part = <T>(extents: readonly T[], start: number, end: number | undefined): readonly T[] =>
  extents.slice(start, end ?? extents.length);
