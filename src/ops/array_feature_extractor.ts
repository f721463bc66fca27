/**
 * Entries of the last axis by index: `z[i…, k] = x[i…, y[k]]`. A vector gives one row.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_ArrayFeatureExtractor.html
 */
import { product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { int, read, shape, write } from "../ir/plan.ts";
import { numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { indexIn } from "./gather.ts";
import { integers } from "./operands.ts";
import { dtypeIn, shapeIn } from "./shape_rules.ts";
import { take } from "./strided.ts";

export const arrayFeatureExtractor = defineOp({
  name: "array_feature_extractor",
  summary: "Entries of the last axis, by index.",
  onnx: { type: "ArrayFeatureExtractor", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required", y: "required" },
  outputs: { z: "required" },
  attrs: {},

  infer({ x, y }, _, ctx) {
    const dtype = dtypeIn(x, ["f32", "f64", "i64", "i32", "string"], "x", ctx);
    dtypeIn(y, ["i64"], "y", ctx);
    const from = shapeIn(x, "x", ctx);
    if (from.length === 0) ctx.fail("E0201", { what: "rank of x", expected: "at least 1", found: 0 });
    const rows = from.length === 1 ? [1] : from.slice(0, -1);
    return [tensorType(dtype, [...rows, product(shapeIn(y, "y", ctx))])];
  },

  evaluate({ x, y }) {
    const extent = x.shape.at(-1) as number;
    const at = numbers(y).map((i) => indexIn(i, extent));
    const rows = x.shape.length === 1 ? [1] : x.shape.slice(0, -1);
    const shape = [...rows, sizeOf(y.shape)];
    return [take(x, shape, (i) => Math.floor(i / at.length) * extent + (at[i % at.length] as number))];
  },

  lower({ x, y }, _, l) {
    const axis = shapeOf(x).length - 1;
    l.call("ops::gather", [read(x), shape(x), integers(y), int(axis), write(l.output(0))], { fallible: true });
  },
});
