/**
 * 1 at the first greatest element along an axis, 0 elsewhere.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Hardmax.html
 */
import { attr } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode } from "../ir/op_def.ts";
import { int, read, shape as shapeArg, write } from "../ir/plan.ts";
import { allocate, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { bestAlong } from "./arg.ts";
import { ieeeFloats } from "./elementwise.ts";
import { flatten } from "./flatten.ts";
import { reshape } from "./reshape.ts";
import { shape } from "./shape.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { around } from "./strided.ts";

export const hardmax = defineOp({
  name: "hardmax",
  summary: "1 at the first greatest element along an axis, 0 elsewhere.",
  onnx: {
    type: "Hardmax",
    since: [1, 11, 13],
    adapt: (node, version, b) => (version < 13 ? overMatrix(node, b) : node),
  },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(-1) },

  infer({ input }, { axis }, ctx) {
    const dtype = dtypeIn(input, ieeeFloats, "input", ctx);
    const from = shapeIn(input, "input", ctx);
    axisIn(axis, from.length, ctx);
    return [tensorType(dtype, from)];
  },

  evaluate({ input }, { axis }) {
    const at = axis < 0 ? axis + input.shape.length : axis;
    const [, extent, inner] = around(input.shape, at);
    const y = allocate(input.dtype, sizeOf(input.shape)) as number[] & typeof input.data;
    if (extent > 0)
      for (const [i, e] of bestAlong(input, at, "Max", false).entries())
        y[(Math.floor(i / inner) * extent + e) * inner + (i % inner)] = 1;
    return [{ dtype: input.dtype, shape: input.shape, data: y }];
  },

  lower({ input }, { axis }, l) {
    const at = axis < 0 ? axis + shapeOf(input).length : axis;
    l.call("ops::hardmax", [read(input), shapeArg(input), int(at), write(l.output(0))]);
  },
});

/** Before version 13 the axes from `axis` on (1 by default) were one: the input was seen as a matrix. */
function overMatrix(node: ImportNode, b: Builder): readonly Value[] {
  const given = node.attributes.find((a) => a.name === "axis");
  const axis = given?.kind === "int" ? Number(given.value) : 1;
  const x = node.inputs[0] as Value;
  const rows = b.emit(flatten, { input: x }, { axis });
  const y = b.emit(hardmax, { input: rows }, { axis: 1 });
  return [b.emit(reshape, { data: y, shape: b.emit(shape, { data: x }) })];
}
