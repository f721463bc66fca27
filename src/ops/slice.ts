/**
 * Every `step`-th entry from `start` to `end` (exclusive) along each of `axes`. Ends count from the end of the axis where
 * negative and are clamped to it.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Slice.html
 */
import type { Dim } from "../ir/dim.ts";
import { type Contents, shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext, type Inferred } from "../ir/op_def.ts";
import { type Arg, dims, read, shape, struct, write } from "../ir/plan.ts";
import { numbers, stridesOf } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { asInput } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { bindExtents, integerList, integers } from "./operands.ts";
import { axisIn, dtypeIn, knownInts, ranked, shapeIn } from "./shape_rules.ts";
import { type AxisSlice, sliceAxis } from "./slice_extents.ts";
import { strided } from "./strided.ts";
import { indexTypes, wholeTypes } from "./type_sets.ts";

interface Operands {
  readonly data: Value;
  readonly starts: Value;
  readonly ends: Value;
  readonly axes: Value | undefined;
  readonly steps: Value | undefined;
}

/** What is known of the slice along one axis: undefined where it is data of the run. */
type Plan = (AxisSlice & { readonly step: number }) | undefined;

export const slice = defineOp({
  name: "slice",
  summary: "A part of an array along some axes.",
  onnx: {
    type: "Slice",
    since: [1, 10, 11, 13],
    adapt(node, version, b) {
      if (version >= 10) return node;
      return asInput(asInput(asInput(node, "starts", 1, b), "ends", 2, b), "axes", 3, b);
    },
  },
  inputs: { data: "required", starts: "required", ends: "required", axes: "optional", steps: "optional" },
  outputs: { output: "required" },
  attrs: {},

  infer(operands, _, ctx) {
    const dtype = dtypeIn(operands.data, wholeTypes, "data", ctx);
    for (const name of ["starts", "ends", "axes", "steps"] as const) {
      const v = operands[name];
      if (v) dtypeIn(v, indexTypes, name, ctx);
    }
    const from = shapeIn(operands.data, "data", ctx);
    const plans = planned(operands, from, ctx);
    const extents = from.map((d, axis) => {
      const plan = plans?.get(axis);
      if (plan) return plan.extent;
      return !plans || plans.has(axis) ? ctx.fresh(d) : d;
    });
    return [withContents(tensorType(dtype, extents), operands.data.contents, plans?.get(0))];
  },

  evaluate({ data, starts, ends, axes, steps }) {
    const extents = [...data.shape];
    const strides = stridesOf(data.shape);
    const own = [...strides];
    let offset = 0;
    const list = axes ? numbers(axes) : numbers(starts).map((_, i) => i);
    for (const [i, a] of list.entries()) {
      const axis = a < 0 ? a + data.shape.length : a;
      const step = steps ? (numbers(steps)[i] as number) : 1;
      if (step === 0) throw new RangeError("a step is 0");
      const part = sliceAxis(
        data.shape[axis] as number,
        numbers(starts)[i] as number,
        numbers(ends)[i] as number,
        step,
      );
      const { origin, extent } = part as { origin: number; extent: number };
      extents[axis] = extent;
      strides[axis] = (own[axis] as number) * step;
      offset += (own[axis] as number) * (step < 0 ? origin - 1 : origin);
    }
    return [strided(data, extents, strides, offset)];
  },

  lower(operands, _, l) {
    const { data } = operands;
    const y = l.output(0);
    const from = shapeOf(data);
    const plans = planned(operands, from, { fail: unreachable });
    const all = plans && from.map((_, axis) => (plans.has(axis) ? plans.get(axis) : whole));
    if (all?.every((p): p is NonNullable<Plan> => p !== undefined)) {
      const origins = dims(all.map((p) => p.origin));
      const steps = integerList(all.map((p) => p.step));
      l.call("ops::slice", [read(data), shape(data), origins, steps, write(y), shape(y)]);
      return;
    }
    bindExtents(l, y, "ops::slice_extents", [shape(data), bounds(operands)]);
    l.call("ops::slice_between", [read(data), shape(data), bounds(operands), write(y), shape(y)], { fallible: true });
  },
});

/** An axis that is not sliced. Its extent is not needed any more. */
const whole = { origin: 0, extent: 0, step: 1 };

const unreachable = (): never => {
  throw new TypeError("infer has accepted this slice");
};

/** The plan of each sliced axis, or undefined where not even the axes are known. */
function planned(o: Operands, from: readonly Dim[], ctx: Pick<InferContext, "fail">): Map<number, Plan> | undefined {
  const [count] = ranked(o.starts, 1, "starts", ctx);
  const axes = o.axes ? knownInts(contentsIn(o.axes)) : typeof count === "number" ? indices(count) : undefined;
  if (!axes) return undefined;
  const [starts, ends] = [endsIn(o.starts), endsIn(o.ends)];
  const steps = o.steps ? contentsIn(o.steps) : axes.map(() => 1);
  for (const [what, list] of [
    ["starts", starts],
    ["ends", ends],
    ["steps", steps],
  ] as const)
    if (list && list.length !== axes.length)
      ctx.fail("E0201", { what: `number of ${what}`, expected: axes.length, found: list.length });
  return new Map(
    axes.map((a, i) => {
      const axis = axisIn(a, from.length, ctx);
      const [start, end, step] = [starts?.[i], ends?.[i], steps?.[i]];
      if (step === 0) ctx.fail("E0201", { what: "a step", expected: "not 0", found: 0 });
      if (start === undefined || end === undefined || typeof step !== "number") return [axis, undefined];
      const part = sliceAxis(from[axis] as Dim, start, end, step);
      return [axis, part && { ...part, step }];
    }),
  );
}

/** Known ends. Constants like 2⁶³ − 1, which are not exact as numbers, still say what they mean. */
const endsIn = (v: Value): Contents | undefined =>
  v.literal && shapeOf(v)[0] === v.contents?.length ? numbers(v.literal.load()) : contentsIn(v);

const indices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function withContents(type: TensorType, contents: Contents | undefined, plan: Plan): Inferred {
  if (!contents || !plan || typeof plan.origin !== "number" || typeof plan.extent !== "number") return type;
  const first = plan.step < 0 ? plan.origin - 1 : plan.origin;
  const part = indices(plan.extent).map((i) => contents[first + i * plan.step]);
  return { type, contents: part };
}

/** The run's own ends and steps. */
function bounds({ starts, ends, axes, steps }: Operands): Arg {
  const dtype = starts.type.kind === "tensor" ? starts.type.dtype : "i64";
  return struct("ops::Bounds", [
    ["starts", integers(starts)],
    ["ends", integers(ends)],
    ["axes", integers(axes, dtype)],
    ["steps", integers(steps, dtype)],
  ]);
}
