/**
 * `y[…, d, …]` is `values[1]` where the index at `…` (from the end where negative) is `d`, else `values[0]`; `d` runs over
 * `depth` along `axis`. Indices outside of −depth … depth − 1 are nowhere. Fractions of indices and of the depth are cut
 * off.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__OneHot.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, read, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { numeric } from "./elementwise.ts";
import { axisIn, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { copyRun } from "./strided.ts";
import { olderTypes } from "./type_sets.ts";

const numberTypes = numeric.filter((d) => d !== "bf16");

export const oneHot = defineOp({
  name: "one_hot",
  summary: "Indices as vectors with one distinguished entry.",
  onnx: { type: "OneHot", since: [9, 11] },
  inputs: { indices: "required", depth: "required", values: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(-1) },

  infer({ indices, depth, values }, { axis }, ctx) {
    dtypeIn(indices, numberTypes, "indices", ctx);
    dtypeIn(depth, numberTypes, "depth", ctx);
    const dtype = dtypeIn(values, olderTypes, "values", ctx);
    const [two] = ranked(values, 1, "values", ctx);
    if (typeof two === "number" && two !== 2) ctx.fail("E0201", { what: "length of values", expected: 2, found: two });
    const from = shapeIn(indices, "indices", ctx);
    const at = axisIn(axis, from.length + 1, ctx);
    const known = depthOf(depth);
    if (typeof known === "number" && known < 0)
      ctx.fail("E0201", { what: "depth", expected: "at least 0", found: known });
    return [tensorType(dtype, [...from.slice(0, at), known ?? ctx.fresh(), ...from.slice(at)])];
  },

  evaluate({ indices, depth, values }, { axis }) {
    const at = axis < 0 ? axis + indices.shape.length + 1 : axis;
    const count = Math.trunc(numbers(depth)[0] as number);
    const inner = sizeOf(indices.shape.slice(at));
    const shape = [...indices.shape.slice(0, at), count, ...indices.shape.slice(at)];
    const y = allocate(values.dtype, sizeOf(shape));
    for (let i = 0; i < sizeOf(shape); i++) copyRun(values, 0, y, i, 1);
    for (const [i, index] of numbers(indices).entries()) {
      const whole = Math.trunc(index);
      const d = whole < 0 ? whole + count : whole;
      const to = (Math.floor(i / inner) * count + d) * inner + (i % inner);
      if (d >= 0 && d < count) copyRun(values, 1, y, to, 1);
    }
    return [{ dtype: values.dtype, shape, data: y }];
  },

  lower({ indices, depth, values }, { axis }, l) {
    const y = l.output(0);
    const from = shapeOf(indices);
    const at = axis < 0 ? axis + from.length + 1 : axis;
    if (l.op.fresh.length > 0) l.call("ops::scalar_extent", [read(depth)], { fallible: true, binds: true });
    const outer = dim(product(from.slice(0, at)));
    l.call("ops::one_hot", [read(indices), read(values), outer, dim(shapeOf(y)[at] as Dim), write(y)]);
  },
});

/** The depth where it is known: also that of a constant float. */
function depthOf(depth: Value): Dim | undefined {
  const known = contentsIn(depth)?.[0];
  if (known !== undefined || !depth.literal) return known;
  const [n] = numbers(depth.literal.load());
  return n === undefined ? undefined : Math.trunc(n);
}
