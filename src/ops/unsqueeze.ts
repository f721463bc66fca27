/**
 * An array with axes of extent 1 added; `axes` says where they are in the result.
 *
 * Where `axes` is data of the run and not even its length is known, neither is the result's rank.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Unsqueeze.html
 */
import type { Dim } from "../ir/dim.ts";
import type { Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { grow, read, shape } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { asInput } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { bindExtents, integers, isUnranked } from "./operands.ts";
import { axesIn, knownInts, ranked, shapeIn, tensorIn } from "./shape_rules.ts";

export const unsqueeze = defineOp({
  name: "unsqueeze",
  summary: "An array with axes of extent 1 added.",
  onnx: {
    type: "Unsqueeze",
    since: [1, 11, 13, 21, 23, 24, 25],
    adapt: (node, version, b) => (version < 13 ? asInput(node, "axes", 1, b) : node),
  },
  inputs: { data: "required", axes: "required" },
  outputs: { expanded: "required" },
  attrs: {},

  infer({ data, axes }, _, ctx) {
    const { dtype } = tensorIn(data, "data", ctx);
    const extents = unsqueezed(shapeIn(data, "data", ctx), axes, ctx);
    const type = tensorType(dtype, extents);
    return [data.contents && extents && extents.length <= 1 ? { type, contents: data.contents } : type];
  },

  evaluate({ data, axes }) {
    const wanted = numbers(axes);
    const rank = data.shape.length + wanted.length;
    const added = new Set(wanted.map((a) => (a < 0 ? a + rank : a)));
    if (added.size < wanted.length) throw new RangeError("an axis is added twice");
    return [{ ...data, shape: withOnes(data.shape, rank, added) }];
  },

  lower({ data, axes }, _, l) {
    const y = l.output(0);
    if (isUnranked(y)) {
      l.call("ops::unsqueeze_tensor", [read(data), shape(data), integers(axes), grow(y)], { fallible: true });
      return;
    }
    bindExtents(l, y, "ops::unsqueeze_extents", [shape(data), integers(axes)]);
    l.view(data, y);
  },
});

function unsqueezed(from: readonly Dim[], axes: Value, ctx: InferContext): readonly Dim[] | undefined {
  const known = knownInts(contentsIn(axes));
  if (known) {
    const rank = from.length + known.length;
    return withOnes<Dim>(from, rank, new Set(axesIn(known, rank, ctx)));
  }
  const axesShape = shapeIn(axes, "axes", ctx);
  const count = axesShape.length === 0 ? 1 : ranked(axes, 1, "axes", ctx)[0];
  if (typeof count !== "number") return undefined;
  return Array.from({ length: from.length + count }, () => ctx.fresh());
}

function withOnes<T>(from: readonly T[], rank: number, added: ReadonlySet<number>): (T | 1)[] {
  let next = 0;
  return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (from[next++] as T)));
}
