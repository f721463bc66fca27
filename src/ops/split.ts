/**
 * An array cut into parts along an axis: of the extents in `split`, else into `num_outputs` equal ones, the last of which
 * is smaller where they do not come out even.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Split.html
 */
import { attr, optional } from "../ir/attr.ts";
import { add, ceilDiv, type Dim, isStatic, mul, product, sub, sum, symbol } from "../ir/dim.ts";
import { type Contents, shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext, type Inferred } from "../ir/op_def.ts";
import { dim, type Lowering, read, write } from "../ir/plan.ts";
import { numbers, stridesOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { asInput } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { expectExtents, indexList, integers } from "./operands.ts";
import { axisIn, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { atMost } from "./slice_extents.ts";
import { strided } from "./strided.ts";
import { wholeTypes } from "./type_sets.ts";

export const split = defineOp({
  name: "split",
  summary: "An array cut into parts along an axis.",
  onnx: {
    type: "Split",
    since: [1, 2, 11, 13, 18],
    // Version 1 may have the extents as an input already.
    adapt: (node, version, b) => (version < 13 && node.inputs.length < 2 ? asInput(node, "split", 1, b) : node),
  },
  inputs: { input: "required", split: "optional" },
  outputs: { outputs: "variadic" },
  attrs: { axis: attr.int(0), num_outputs: attr.int(optional) },

  infer({ input, split }, { axis, num_outputs }, ctx) {
    const dtype = dtypeIn(input, wholeTypes, "input", ctx);
    const from = shapeIn(input, "input", ctx);
    const at = axisIn(axis, from.length, ctx);
    if (num_outputs !== undefined && num_outputs < ctx.outputCount)
      ctx.fail("E0202", {
        name: "num_outputs",
        value: num_outputs,
        expected: `${ctx.outputCount}, the outputs there are`,
      });
    const parts = split ? given(split, from[at] as Dim, ctx) : equal(from[at] as Dim, num_outputs ?? ctx.outputCount);
    return parts.map((extent, i): Inferred => {
      const type = tensorType(
        dtype,
        from.map((d, a) => (a === at ? extent : d)),
      );
      const known = input.contents && from.length === 1 ? cut(input.contents, parts, i) : undefined;
      return known ? { type, contents: known } : type;
    });
  },

  evaluate({ input, split }, { axis, num_outputs }, ctx) {
    const at = axis < 0 ? axis + input.shape.length : axis;
    const extent = input.shape[at] as number;
    const sizes = split ? numbers(split) : (equal(extent, num_outputs ?? ctx.outputs.length) as number[]);
    if (sizes.some((s) => s < 0) || sizes.reduce((a, b) => a + b, 0) !== extent)
      throw new RangeError(`parts of ${sizes} do not make up an axis of extent ${extent}`);
    const strides = stridesOf(input.shape);
    let first = 0;
    return sizes.map((s) => {
      const part = input.shape.map((d, a) => (a === at ? s : d));
      first += s;
      return strided(input, part, strides, (first - s) * (strides[at] as number));
    });
  },

  lower({ input, split }, { axis, num_outputs }, l) {
    const from = shapeOf(input);
    const at = axis < 0 ? axis + from.length : axis;
    const sizes = partsOf(l, split, from[at] as Dim, num_outputs ?? l.outputs.length);
    const inner = product(from.slice(at + 1));
    const row = product(from.slice(at));
    let first: Dim = 0;
    for (const [i, s] of sizes.entries()) {
      const y = l.outputs[i];
      if (y) l.call("ops::split", [read(input), dim(row), dim(mul(first, inner)), write(y), dim(mul(s, inner))]);
      first = add(first, s);
    }
  },
});

/** Extents of the parts, those that the run gives bound first. */
function partsOf(l: Lowering, split: Value | undefined, extent: Dim, count: number): readonly Dim[] {
  if (!split) return equal(extent, count);
  const known = contentsIn(split);
  let next = 0;
  const fresh: number[] = [];
  const sizes = Array.from({ length: count }, (_, i): Dim => {
    const size = known?.[i];
    if (size !== undefined) return size;
    fresh.push(i);
    return symbol(l.op.fresh[next++] as string);
  });
  expectExtents(l, shapeOf(split), [count]);
  if (fresh.length === 0) expectExtents(l, [sum(sizes)], [extent]);
  else l.call("ops::split_extents", [dim(extent), integers(split), indexList(fresh)], { fallible: true, binds: true });
  return sizes;
}

function given(split: Value, extent: Dim, ctx: InferContext): readonly Dim[] {
  const [count] = ranked(split, 1, "split", ctx);
  if (typeof count === "number" && count !== ctx.outputCount)
    ctx.fail("E0201", { what: "length of split", expected: ctx.outputCount, found: count });
  const known = contentsIn(split);
  const sizes = Array.from({ length: ctx.outputCount }, (_, i) => known?.[i] ?? ctx.fresh(extent));
  const total = sum(sizes);
  if (isStatic(total) && isStatic(extent) && total !== extent)
    ctx.fail("E0201", { what: "sum of split", expected: extent, found: total });
  return sizes;
}

/** Extents of `count` equal parts, rounded up, the last ones being what is left. */
function equal(extent: Dim, count: number): readonly Dim[] {
  const size = ceilDiv(extent, count);
  const end = (i: number): Dim => (i === count ? extent : atMost(mul(size, i), extent));
  // The first of two parts is never longer than the whole.
  if (count === 2) return [size, sub(extent, size)];
  return Array.from({ length: count }, (_, i) => sub(end(i + 1), end(i)));
}

function cut(contents: Contents, parts: readonly Dim[], i: number): Contents | undefined {
  const first = sum(parts.slice(0, i));
  const size = parts[i] as Dim;
  return isStatic(first) && isStatic(size) ? contents.slice(first, first + size) : undefined;
}
