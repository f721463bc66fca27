/**
 * The entries along `axis` (of the flat array where there is none) at which `condition` is true. A shorter condition is
 * false beyond its end; a longer one is cut off.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Compress.html
 */
import { attr, optional } from "../ir/attr.ts";
import { type Dim, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, dims, int, read, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { axisIn, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { around, copyRun } from "./strided.ts";
import { olderTypes } from "./type_sets.ts";

export const compress = defineOp({
  name: "compress",
  summary: "The entries at which a condition is true.",
  onnx: { type: "Compress", since: [9, 11] },
  inputs: { input: "required", condition: "required" },
  outputs: { output: "required" },
  attrs: { axis: attr.int(optional) },

  infer({ input, condition }, { axis }, ctx) {
    const dtype = dtypeIn(input, olderTypes, "input", ctx);
    dtypeIn(condition, ["bool"], "condition", ctx);
    ranked(condition, 1, "condition", ctx);
    const given = shapeIn(input, "input", ctx);
    const from = axis === undefined ? [product(given)] : given;
    const at = axisIn(axis ?? 0, from.length, ctx);
    const count = ctx.fresh(from[at]);
    return [
      tensorType(
        dtype,
        from.map((d, i) => (i === at ? count : d)),
      ),
    ];
  },

  evaluate({ input, condition }, { axis }) {
    const from = axis === undefined ? [sizeOf(input.shape)] : input.shape;
    const at = (axis ?? 0) < 0 ? (axis ?? 0) + from.length : (axis ?? 0);
    const [outer, extent, inner] = around(from, at);
    const chosen = numbers(condition).flatMap((c, i) => (c !== 0 && i < extent ? [i] : []));
    const shape = from.map((d, i) => (i === at ? chosen.length : d));
    const y = allocate(input.dtype, sizeOf(shape));
    for (let o = 0; o < outer; o++)
      for (const [k, i] of chosen.entries())
        copyRun(input, (o * extent + i) * inner, y, (o * chosen.length + k) * inner, inner);
    return [{ dtype: input.dtype, shape, data: y }];
  },

  lower({ input, condition }, { axis }, l) {
    const from = extentsOf(input, axis);
    const at = (axis ?? 0) < 0 ? (axis ?? 0) + from.length : (axis ?? 0);
    l.call("ops::count_true", [read(condition), dim(from[at] as Dim)], { binds: true });
    l.call("ops::compress", [read(input), dims(from), read(condition), int(at), write(l.output(0))]);
  },
});

const extentsOf = (input: Value, axis: number | undefined): readonly Dim[] =>
  axis === undefined ? [product(shapeOf(input))] : shapeOf(input);
