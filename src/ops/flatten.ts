/**
 * An array as a matrix: the axes before `axis` become its rows, the others its columns.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Flatten.html
 */
import { attr } from "../ir/attr.ts";
import { product } from "../ir/dim.ts";
import { defineOp } from "../ir/op_def.ts";
import { sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { axisIn, shapeIn, tensorIn } from "./shape_rules.ts";

export const flatten = defineOp({
  name: "flatten",
  summary: "An array as a matrix.",
  onnx: { type: "Flatten", since: [1, 9, 11, 13, 21, 23, 24, 25] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(1) },

  infer({ input }, { axis }, ctx) {
    const extents = shapeIn(input, "input", ctx);
    // `extents.length` itself is allowed: everything becomes rows.
    const at = axis === extents.length ? axis : axisIn(axis, extents.length, ctx);
    return [
      tensorType(tensorIn(input, "input", ctx).dtype, [product(extents.slice(0, at)), product(extents.slice(at))]),
    ];
  },

  evaluate({ input }, { axis }) {
    const at = axis < 0 ? axis + input.shape.length : axis;
    return [{ ...input, shape: [sizeOf(input.shape.slice(0, at)), sizeOf(input.shape.slice(at))] }];
  },

  lower({ input }, _, l) {
    l.view(input, l.output(0));
  },
});
