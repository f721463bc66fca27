/**
 * The number of elements of an array.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Size.html
 */
import { product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { write } from "../ir/plan.ts";
import { scalar, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { shapeIn } from "./shape_rules.ts";

export const size = defineOp({
  name: "size",
  summary: "The number of elements of an array.",
  onnx: { type: "Size", since: [1, 13, 19, 21, 23, 24, 25] },
  inputs: { data: "required" },
  outputs: { size: "required" },
  attrs: {},

  infer({ data }, _, ctx) {
    return [{ type: tensorType("i64", []), contents: [product(shapeIn(data, "data", ctx))] }];
  },

  evaluate({ data }) {
    return [scalar("i64", sizeOf(data.shape))];
  },

  lower({ data }, _, l) {
    l.call("write_dims", [{ kind: "integers", dims: [product(shapeOf(data))] }, write(l.output(0))]);
  },
});
