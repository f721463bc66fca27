/**
 * `y = x / ‖x‖ₚ` along one axis, for the 1- or the 2-norm; where the norm is 0 the result is 0.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LpNormalization.html
 */
import { attr } from "../ir/attr.ts";
import { product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dims, int, read, write } from "../ir/plan.ts";
import { allocate, type NumberArray, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

export const lpNormalization = defineOp({
  name: "lp_normalization",
  summary: "Vectors along an axis brought to a norm of 1.",
  onnx: { type: "LpNormalization", since: [1, 22] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(-1), p: attr.int(2) },
  error: "computed in double precision, rounded once",

  infer({ input }, { axis, p }, ctx) {
    if (p !== 1 && p !== 2) ctx.fail("E0202", { name: "p", value: p, expected: "1 or 2" });
    const extents = shapeIn(input, "input", ctx);
    axisIn(axis, extents.length, ctx);
    return [tensorType(dtypeIn(input, floatTypes, "input", ctx), extents)];
  },

  evaluate({ input }, { axis, p }) {
    const [x, at] = [input.data as NumberArray, axis < 0 ? axis + input.shape.length : axis];
    const [extent, inner] = [input.shape[at] as number, sizeOf(input.shape.slice(at + 1))];
    const norms = new Float64Array(x.length / extent);
    const place = (i: number): number => Math.floor(i / (extent * inner)) * inner + (i % inner);
    x.forEach((v, i) => {
      norms[place(i)] = (norms[place(i)] as number) + Math.abs(v) ** p;
    });
    const data = allocate(input.dtype, x.length) as NumberArray;
    x.forEach((v, i) => {
      const norm = (norms[place(i)] as number) ** (1 / p);
      data[i] = norm === 0 ? 0 : toElement(input.dtype, v / norm);
    });
    return [{ dtype: input.dtype, shape: input.shape, data }];
  },

  lower({ input }, { axis, p }, l) {
    const extents = shapeOf(input);
    const at = axis < 0 ? axis + extents.length : axis;
    const around = dims([product(extents.slice(0, at)), extents[at] ?? 1, product(extents.slice(at + 1))]);
    l.call("ops::lp_normalization", [read(input), around, int(p), write(l.output(0))]);
  },
});
