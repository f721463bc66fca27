/**
 * An array with entries added at the ends of its axes: a constant, the nearest entry (`edge`), the array mirrored at its
 * ends (`reflect`) or repeated (`wrap`). Negative numbers in `pads` take entries away, before any are added.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Pad.html
 */
import { attr } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { add, type Dim, isStatic } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import type { Contents, Value } from "../ir/graph.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { read, readOption, shape, struct, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf, stridesOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { asInput, withInput, withoutAttributes } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { eachIndex } from "./numeric.ts";
import { bindExtents, integers } from "./operands.ts";
import { axesIn, dtypeIn, knownInts, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { copyRun } from "./strided.ts";
import { anyType, indexTypes } from "./type_sets.ts";

type Mode = "constant" | "reflect" | "edge" | "wrap";
const modes = { constant: "Constant", reflect: "Reflect", edge: "Edge", wrap: "Wrap" } as const;

export const pad = defineOp({
  name: "pad",
  summary: "Entries added around an array, or taken away.",
  onnx: {
    type: "Pad",
    since: [1, 2, 11, 13, 18, 19, 21, 23, 24, 25],
    adapt: (node, version, b) => (version < 11 ? padsAsInput(node, version, b) : node),
  },
  inputs: { data: "required", pads: "required", constant_value: "optional", axes: "optional" },
  outputs: { output: "required" },
  attrs: { mode: attr.oneOf<Mode>(["constant", "reflect", "edge", "wrap"], "constant") },

  infer({ data, pads, constant_value, axes }, _, ctx) {
    const dtype = dtypeIn(data, anyType, "data", ctx);
    dtypeIn(pads, ["i64"], "pads", ctx);
    if (axes) dtypeIn(axes, indexTypes, "axes", ctx);
    if (constant_value) sameDType([data, constant_value], ctx);
    const from = shapeIn(data, "data", ctx);
    const [count] = ranked(pads, 1, "pads", ctx);
    const list = axes ? knownInts(contentsIn(axes)) : from.map((_, i) => i);
    if (!list)
      return [
        tensorType(
          dtype,
          from.map(() => ctx.fresh()),
        ),
      ];
    const at = axesIn(list, from.length, ctx);
    if (isStatic(count as Dim) && count !== 2 * at.length)
      ctx.fail("E0201", { what: "length of pads", expected: 2 * at.length, found: count as number });
    return [tensorType(dtype, padded(from, contentsIn(pads), at, ctx))];
  },

  evaluate({ data, pads, constant_value, axes }, { mode }) {
    const rank = data.shape.length;
    const at = axes ? numbers(axes).map((a) => (a < 0 ? a + rank : a)) : data.shape.map((_, i) => i);
    const given = numbers(pads);
    const sides = data.shape.map((extent, axis) => {
      const i = at.indexOf(axis);
      return i < 0 ? sideOf(extent, 0, 0) : sideOf(extent, given[i] as number, given[at.length + i] as number);
    });
    return [padTensor(data, sides, mode, constant_value)];
  },

  lower({ data, pads, constant_value, axes }, { mode }, l) {
    const y = l.output(0);
    const how = [integers(pads), integers(axes)];
    bindExtents(l, y, "ops::pad_extents", [shape(data), ...how]);
    const value = mode === "constant" ? constant_value : undefined;
    const what = struct(`ops::PadMode::${modes[mode]}`);
    l.call("ops::pad", [read(data), shape(data), ...how, what, readOption(value), write(y)], { fallible: true });
  },
});

function padded(
  from: readonly Dim[],
  pads: Contents | undefined,
  at: readonly number[],
  ctx: InferContext,
): readonly Dim[] {
  return from.map((d, axis) => {
    const i = at.indexOf(axis);
    if (i < 0) return d;
    const [before, after] = [pads?.[i], pads?.[at.length + i]];
    if (before === undefined || after === undefined) return ctx.fresh();
    const extent = add(d, add(before, after));
    if (isStatic(extent) && extent < 0)
      ctx.fail("E0201", { what: `padded extent of axis ${axis}`, expected: "at least 0", found: extent });
    return extent;
  });
}

/** Along one axis: `cut` entries are left out in front, `kept` stay, `lead` are added in front of them. */
interface Side {
  readonly cut: number;
  readonly kept: number;
  readonly lead: number;
  readonly extent: number;
}

function sideOf(extent: number, before: number, after: number): Side {
  const total = extent + before + after;
  if (total < 0) throw new RangeError(`an axis of extent ${extent} cannot be padded by ${before} and ${after}`);
  return {
    cut: Math.max(0, -before),
    kept: Math.max(0, extent + Math.min(before, 0) + Math.min(after, 0)),
    lead: Math.max(0, before),
    extent: total,
  };
}

/** The entry of the input that stands at `i` of the result; −1 where the constant does. */
function source(s: Side, i: number, mode: Mode): number {
  const at = i - s.lead;
  if (at >= 0 && at < s.kept) return s.cut + at;
  if (mode === "constant") return -1;
  if (s.kept === 0) throw new RangeError("there are no entries to repeat in the padding");
  if (mode === "wrap") return s.cut + (((at % s.kept) + s.kept) % s.kept);
  if (mode === "edge" || s.kept === 1) return s.cut + (at < 0 ? 0 : s.kept - 1);
  const period = 2 * (s.kept - 1);
  const inside = ((at % period) + period) % period;
  return s.cut + Math.min(inside, period - inside);
}

function padTensor(data: Tensor, sides: readonly Side[], mode: Mode, value: Tensor | undefined): Tensor {
  const shape = sides.map((s) => s.extent);
  const places = sides.map((s) => Array.from({ length: s.extent }, (_, i) => source(s, i, mode)));
  const strides = stridesOf(data.shape);
  const own = stridesOf(shape);
  const y = allocate(data.dtype, sizeOf(shape));
  eachIndex(shape, [], (i) => {
    let from = 0;
    for (let axis = 0; axis < shape.length && from >= 0; axis++) {
      const index = Math.floor(i / (own[axis] as number)) % (shape[axis] as number);
      const place = places[axis]?.[index] as number;
      from = place < 0 ? -1 : from + place * (strides[axis] as number);
    }
    if (from >= 0) copyRun(data, from, y, i, 1);
    else if (value) copyRun(value, 0, y, i, 1);
  });
  return { dtype: data.dtype, shape, data: y };
}

/** Before version 11 the numbers were attributes, in version 1 under the name `paddings`. */
function padsAsInput(node: ImportNode, version: number, b: Builder): ImportNode {
  const value = node.attributes.find((a) => a.name === "value");
  const [data] = node.inputs as readonly (Value | undefined)[];
  const dtype: DType = data?.type.kind === "tensor" ? data.type.dtype : "f32";
  const moved = asInput(withoutAttributes(node, "value"), version < 2 ? "paddings" : "pads", 1, b);
  return withInput(moved, 2, value?.kind === "float" ? b.scalar(dtype, value.value) : undefined);
}
