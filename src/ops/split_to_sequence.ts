/**
 * A tensor cut along an axis into a sequence: into parts of the extents in a vector `split`, or of the extent in a scalar
 * one, the last being smaller where they do not come out even. Without `split` the parts have extent 1, and lose the axis
 * unless `keepdims`. Parts that do not make up the axis are an error of the run.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__SplitToSequence.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, grow, int, read, shape } from "../ir/plan.ts";
import { isTensor, numbers, stridesOf, type Tensor } from "../ir/tensor.ts";
import { anyExtent, asElement, sequenceType, tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { integerList, integers } from "./operands.ts";
import { sequenceOf } from "./sequences.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { strided } from "./strided.ts";
import { indexTypes, wholeTypes } from "./type_sets.ts";

export const splitToSequence = defineOp({
  name: "split_to_sequence",
  summary: "A tensor cut along an axis into a sequence.",
  onnx: { type: "SplitToSequence", since: [11, 24] },
  inputs: { input: "required", split: "optional" },
  outputs: { output_sequence: "required" },
  attrs: { axis: attr.int(0), keepdims: attr.bool(true) },

  infer({ input, split }, { axis, keepdims }, ctx) {
    const dtype = dtypeIn(input, wholeTypes, "input", ctx);
    const from = shapeIn(input, "input", ctx);
    const at = axisIn(axis, from.length, ctx);
    const part = split ? partExtent(split, from[at] as Dim, ctx) : keepdims ? 1 : undefined;
    const extents = [...from.slice(0, at), ...(part === undefined ? [] : [part]), ...from.slice(at + 1)];
    return [sequenceType(asElement(tensorType(dtype, extents)))];
  },

  evaluateValues({ input, split }, { axis, keepdims }) {
    const from = input as Tensor;
    const at = axis < 0 ? axis + from.shape.length : axis;
    const extent = from.shape[at] as number;
    const sizes = partSizes(isTensor(split) ? split : undefined, extent);
    const strides = stridesOf(from.shape);
    let first = 0;
    const parts = sizes.map((size) => {
      const whole = from.shape.map((d, i) => (i === at ? size : d));
      const part = strided(from, whole, strides, first * (strides[at] as number));
      first += size;
      return isTensor(split) || keepdims ? part : { ...part, shape: whole.filter((_, i) => i !== at) };
    });
    return [sequenceOf(parts)];
  },

  lower({ input, split }, { axis, keepdims }, l) {
    const from = shapeOf(input);
    const at = int(axis < 0 ? axis + from.length : axis);
    const whole = [read(input), shape(input), at];
    const y = grow(l.output(0));
    if (split && shapeOf(split).length === 1)
      return l.call("ops::split_to_sequence", [...whole, integers(split), y], { fallible: true });
    const size = split ? integers(split) : integerList([1]);
    l.call("ops::chunks_to_sequence", [...whole, size, bool(split !== undefined || keepdims), y], { fallible: true });
  },
});

/** The extent that all parts have, where that is known. */
function partExtent(split: Value, extent: Dim, ctx: InferContext): Dim {
  dtypeIn(split, indexTypes, "split", ctx);
  const rank = shapeIn(split, "split", ctx).length;
  if (rank > 1) ctx.fail("E0201", { what: "rank of split", expected: "0 or 1", found: rank });
  const known = contentsIn(split);
  if (!known?.every((s): s is number => typeof s === "number")) return anyExtent;
  const [first] = known;
  if (rank === 0 && first !== undefined && first < 1)
    ctx.fail("E0201", { what: "split", expected: "above 0", found: first });
  if (first === undefined) return anyExtent;
  const even = rank === 1 ? known.every((s) => s === first) : typeof extent === "number" && extent % first === 0;
  return even ? first : anyExtent;
}

function partSizes(split: Tensor | undefined, extent: number): readonly number[] {
  const given = split ? numbers(split) : [1];
  if (split?.shape.length === 1) {
    if (given.some((s) => s < 0) || given.reduce((a, b) => a + b, 0) !== extent)
      throw new RangeError(`parts of ${given} do not make up an axis of extent ${extent}`);
    return given;
  }
  const size = given[0] as number;
  if (size < 1) throw new RangeError(`parts of extent ${size}`);
  return Array.from({ length: Math.ceil(extent / size) }, (_, i) => Math.min(size, extent - i * size));
}
