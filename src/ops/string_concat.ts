/**
 * `z[i] = x[i] ++ y[i]`, with broadcasting.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__StringConcat.html
 */
import { defineOp } from "../ir/op_def.ts";
import { read, shape, write } from "../ir/plan.ts";
import { sizeOf, strings, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { broadcastShape, broadcastStrides, eachIndex } from "./numeric.ts";
import { broadcastShapes, tensorIn } from "./shape_rules.ts";

export const stringConcat = defineOp({
  name: "string_concat",
  summary: "Joins strings elementwise.",
  onnx: { type: "StringConcat", since: [20] },
  inputs: { x: "required", y: "required" },
  outputs: { z: "required" },
  attrs: {},

  infer({ x, y }, _attrs, ctx) {
    const types = [tensorIn(x, "X", ctx), tensorIn(y, "Y", ctx)];
    for (const t of types)
      if (t.dtype !== "string") ctx.fail("E0203", { what: "X", found: t.dtype, expected: "string" });
    const extents = types.map((t) => t.shape);
    return [tensorType("string", broadcastShapes(extents, ctx))];
  },

  evaluate({ x, y }) {
    const result = broadcastShape(x.shape, y.shape);
    const data = new Array<string>(sizeOf(result));
    const [a, b] = [strings(x), strings(y)];
    eachIndex(result, [broadcastStrides(x.shape, result), broadcastStrides(y.shape, result)], (i, [p = 0, q = 0]) => {
      data[i] = `${a[p]}${b[q]}`;
    });
    return [tensor("string", result, data)];
  },

  lower({ x, y }, _attrs, l) {
    const z = l.output(0);
    l.call("ops::string_concat", [read(x), shape(x), read(y), shape(y), write(z), shape(z)]);
  },
});
