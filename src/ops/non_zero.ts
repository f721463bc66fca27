/**
 * The indices of the elements that are not zero, in row-major order: `y[axis, n]` is the n-th one's index along `axis`. NaN
 * is not zero. Of a scalar the result has no rows.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__NonZero.html
 */
import { product } from "../ir/dim.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, shape, write } from "../ir/plan.ts";
import { stridesOf, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dtypeIn, shapeIn } from "./shape_rules.ts";
import { wholeTypes } from "./type_sets.ts";

const allowed = wholeTypes.filter((d) => !/^c|string/.test(d));

export const nonZero = defineOp({
  name: "non_zero",
  summary: "The indices of the elements that are not zero.",
  onnx: { type: "NonZero", since: [9, 13] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {},

  infer({ x }, _, ctx) {
    dtypeIn(x, allowed, "x", ctx);
    const from = shapeIn(x, "x", ctx);
    return [tensorType("i64", [from.length, ctx.fresh(product(from))])];
  },

  evaluate({ x }) {
    const places = Array.from(x.data as ArrayLike<number | bigint>).flatMap((e, i) => (Number(e) !== 0 ? [i] : []));
    const strides = stridesOf(x.shape);
    const rows = x.shape.flatMap((d, axis) => places.map((p) => Math.floor(p / (strides[axis] as number)) % d));
    return [tensor("i64", [x.shape.length, places.length], rows)];
  },

  lower({ x }, _, l) {
    l.call("ops::count_nonzero", [read(x)], { binds: true });
    l.call("ops::nonzero", [read(x), shape(x), write(l.output(0))]);
  },
});
