/**
 * An array without some axes of extent 1: those in `axes`, or all of them.
 *
 * Where `axes` is data of the run and not even its length is known, neither is the result's rank. The same holds
 * without `axes` where an extent is not known, which may be 1.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Squeeze.html
 */
import { type Dim, isStatic } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { grow, read, shape } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { asInput } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { bindExtents, expectExtents, integers, isUnranked } from "./operands.ts";
import { axesIn, knownInts, ranked, shapeIn, tensorIn } from "./shape_rules.ts";

export const squeeze = defineOp({
  name: "squeeze",
  summary: "An array without axes of extent 1.",
  onnx: {
    type: "Squeeze",
    since: [1, 11, 13, 21, 23, 24, 25],
    adapt: (node, version, b) => (version < 13 ? asInput(node, "axes", 1, b) : node),
  },
  inputs: { data: "required", axes: "optional" },
  outputs: { squeezed: "required" },
  attrs: {},

  infer({ data, axes }, _, ctx) {
    const { dtype } = tensorIn(data, "data", ctx);
    const extents = squeezed(shapeIn(data, "data", ctx), axes, ctx);
    const type = tensorType(dtype, extents);
    return [data.contents && extents && extents.length <= 1 ? { type, contents: data.contents } : type];
  },

  evaluate({ data, axes }) {
    const rank = data.shape.length;
    const gone = axes && numbers(axes).map((a) => (a < 0 ? a + rank : a));
    if (gone?.some((a) => data.shape[a] !== 1)) throw new RangeError("an axis to squeeze does not have extent 1");
    return [{ ...data, shape: data.shape.filter((d, i) => (gone ? !gone.includes(i) : d !== 1)) }];
  },

  lower({ data, axes }, _, l) {
    const y = l.output(0);
    const known = axes && knownInts(contentsIn(axes));
    if (isUnranked(y)) {
      const where = [read(data), shape(data)];
      if (axes) l.call("ops::squeeze_tensor", [...where, integers(axes), grow(y)], { fallible: true });
      else l.call("ops::squeeze_ones_tensor", [...where, grow(y)]);
      return;
    }
    if (axes && !known) bindExtents(l, y, "ops::squeeze_extents", [shape(data), integers(axes)]);
    const from = shapeOf(data);
    const gone = (known ?? []).map((a) => from[a < 0 ? a + from.length : a] as Dim).filter((d) => d !== 1);
    expectExtents(
      l,
      gone,
      gone.map(() => 1),
    );
    l.view(data, y);
  },
});

function squeezed(from: readonly Dim[], axes: Value | undefined, ctx: InferContext): readonly Dim[] | undefined {
  if (!axes) {
    return from.every(isStatic) ? from.filter((d) => d !== 1) : undefined;
  }
  const known = knownInts(contentsIn(axes));
  if (!known) {
    const [count] = ranked(axes, 1, "axes", ctx);
    if (typeof count !== "number") return undefined;
    return from.slice(count).map(() => ctx.fresh());
  }
  const gone = axesIn(known, from.length, ctx);
  for (const a of gone) {
    const d = from[a] as Dim;
    if (isStatic(d) && d !== 1) ctx.fail("E0201", { what: `extent of axis ${a}`, expected: 1, found: d });
  }
  return from.filter((_, i) => !gone.includes(i));
}
