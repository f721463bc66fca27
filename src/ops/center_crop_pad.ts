/**
 * An array cropped, or padded with zeros, to the extents `shape` along `axes` (all where there are none), equally at both
 * ends; where the difference is odd, one more at the end.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__CenterCropPad.html
 */
import { attr, optional } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { type Contents, shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, shape as shapeArg, write } from "../ir/plan.ts";
import { numbers, stridesOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { freshAxes, indexList, integers } from "./operands.ts";
import { agree, axesIn, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { take } from "./strided.ts";
import { indexTypes, wholeTypes } from "./type_sets.ts";

export const centerCropPad = defineOp({
  name: "center_crop_pad",
  summary: "An array cropped or padded around its center.",
  onnx: { type: "CenterCropPad", since: [18] },
  inputs: { input_data: "required", shape: "required" },
  outputs: { output_data: "required" },
  attrs: { axes: attr.ints(optional) },

  infer({ input_data, shape }, { axes }, ctx) {
    const dtype = dtypeIn(input_data, wholeTypes, "input_data", ctx);
    dtypeIn(shape, indexTypes, "shape", ctx);
    const from = shapeIn(input_data, "input_data", ctx);
    const at = axesIn(axesOf(axes, from.length), from.length, ctx);
    const [count] = ranked(shape, 1, "shape", ctx);
    agree(at.length, count as Dim, "length of shape", ctx);
    const wanted: Contents = contentsIn(shape) ?? [];
    const extents = from.map((d, axis) => {
      const i = at.indexOf(axis);
      if (i < 0) return d;
      const want = wanted[i];
      if (want !== undefined && isStatic(want) && want < 0)
        ctx.fail("E0201", { what: "entries of shape", expected: "at least 0", found: want });
      return want ?? ctx.fresh();
    });
    return [tensorType(dtype, extents)];
  },

  evaluate({ input_data, shape }, { axes }) {
    const from = input_data.shape;
    const at = axesOf(axes, from.length).map((a) => (a < 0 ? a + from.length : a));
    const wanted = numbers(shape);
    const extents = from.map((d, axis) => (at.includes(axis) ? (wanted[at.indexOf(axis)] as number) : d));
    // How far the input's index is ahead of the result's: half of what is cropped, less half of what is padded.
    const shifts = from.map((d, axis) => {
      const extent = extents[axis] as number;
      return d >= extent ? Math.floor((d - extent) / 2) : -Math.floor((extent - d) / 2);
    });
    const [own, strides] = [stridesOf(extents), stridesOf(from)];
    return [
      take(input_data, extents, (i) => {
        let place = 0;
        for (const [axis, extent] of extents.entries()) {
          const index = (Math.floor(i / (own[axis] as number)) % extent) + (shifts[axis] as number);
          if (index < 0 || index >= (from[axis] as number)) return -1;
          place += index * (strides[axis] as number);
        }
        return place;
      }),
    ];
  },

  lower({ input_data, shape }, { axes }, l) {
    const y = l.output(0);
    const rank = shapeOf(y).length;
    const at = axesOf(axes, rank).map((a) => (a < 0 ? a + rank : a));
    const places = freshAxes(l, y).map((axis) => at.indexOf(axis));
    if (places.length > 0)
      l.call("ops::given_extents", [integers(shape), indexList(places)], { fallible: true, binds: true });
    l.call("ops::center_crop_pad", [read(input_data), shapeArg(input_data), write(y), shapeArg(y)]);
  },
});

const axesOf = (axes: readonly number[] | undefined, rank: number): readonly number[] =>
  axes ?? Array.from({ length: rank }, (_, i) => i);
