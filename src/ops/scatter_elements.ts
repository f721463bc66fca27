/**
 * A copy of `data` in which `y[i… with indices[i…] in place of i[axis]]` is `updates[i…]`, or is combined with it. Updates
 * of one place apply in row-major order. Negative indices count from the end; one outside of the axis is an error of the
 * run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__ScatterElements.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext, type Inferred } from "../ir/op_def.ts";
import { int, type Lowering, read, shape, write } from "../ir/plan.ts";
import { numbers, stridesOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { indexIn } from "./gather.ts";
import { checkElements } from "./gather_elements.ts";
import { eachIndex } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { checkReduction, combine, type Reduction, reductionArg, reductionAttr } from "./scatter_reduction.ts";
import { agree, dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";
import { copied } from "./strided.ts";
import { indexTypes, wholeTypes } from "./type_sets.ts";

interface Operands<T> {
  readonly data: T;
  readonly indices: T;
  readonly updates: T;
}
interface Attrs {
  readonly axis: number;
  readonly reduction: Reduction;
}

const inputs = { data: "required", indices: "required", updates: "required" } as const;

export const scatterElements = defineOp({
  name: "scatter_elements",
  summary: "Elements written along one axis, each by an index of its own.",
  onnx: { type: "ScatterElements", since: [11, 13, 16, 18] },
  inputs,
  outputs: { output: "required" },
  attrs: { axis: attr.int(0), reduction: reductionAttr },
  infer: inferScatter,
  evaluate: evaluateScatter,
  lower: lowerScatter,
  error: "updates that are combined are rounded to the element type one by one",
});

/** The operator's name of before version 11. */
export const scatter = defineOp({
  name: "scatter",
  summary: "The older name of `scatter_elements`.",
  onnx: { type: "Scatter", since: [9, 11] },
  inputs,
  outputs: { output: "required" },
  attrs: { axis: attr.int(0) },
  infer: (operands, { axis }, ctx) => inferScatter(operands, { axis, reduction: "none" }, ctx),
  evaluate: (operands, { axis }) => evaluateScatter(operands, { axis, reduction: "none" }),
  lower: (operands, { axis }, l) => lowerScatter(operands, { axis, reduction: "none" }, l),
});

function inferScatter(
  { data, indices, updates }: Operands<Value>,
  { axis, reduction }: Attrs,
  ctx: InferContext,
): readonly Inferred[] {
  const dtype = dtypeIn(data, wholeTypes, "data", ctx);
  sameDType([data, updates], ctx);
  dtypeIn(indices, indexTypes, "indices", ctx);
  checkReduction(reduction, dtype, ctx);
  const from = shapeIn(data, "data", ctx);
  const at = shapeIn(indices, "indices", ctx);
  checkElements(from, at, axis, ctx);
  const given = shapeIn(updates, "updates", ctx);
  if (given.length !== at.length)
    ctx.fail("E0201", { what: "rank of updates", expected: at.length, found: given.length });
  given.forEach((d, i) => {
    agree(at[i] as Dim, d, `extent of axis ${i} of updates`, ctx);
  });
  return [tensorType(dtype, from)];
}

function evaluateScatter({ data, indices, updates }: Operands<Tensor>, { axis, reduction }: Attrs): readonly Tensor[] {
  const at = axis < 0 ? axis + data.shape.length : axis;
  const strides = stridesOf(data.shape);
  const along = strides[at] as number;
  const y = copied(data);
  const cells = y.data as (number | bigint | string)[];
  const to = numbers(indices);
  eachIndex(indices.shape, [strides.map((s, a) => (a === at ? 0 : s))], (i, [o]) => {
    const place = (o as number) + indexIn(to[i] as number, data.shape[at] as number) * along;
    const update = updates.data[i] as number | bigint | string;
    cells[place] = combine(reduction, data.dtype, cells[place] as number | bigint | string, update);
  });
  return [y];
}

function lowerScatter({ data, indices, updates }: Operands<Value>, { axis, reduction }: Attrs, l: Lowering): void {
  const at = axis < 0 ? axis + shapeOf(data).length : axis;
  const op = reductionArg(reduction);
  expectExtents(l, shapeOf(updates), shapeOf(indices));
  const args = [read(data), shape(data), read(indices), shape(indices), read(updates), int(at), write(l.output(0))];
  if (op) l.call("ops::scatter_elements_with", [op, ...args], { fallible: true });
  else l.call("ops::scatter_elements", args, { fallible: true });
}
