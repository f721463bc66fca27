/**
 * Runs a graph over slices of its inputs along one axis each, carrying values and stacking results.
 *
 * Up to opset 8 there was a batch axis before everything else and a leading `sequence_lens`: `batched`; each batch is a
 * scan of its own over all of its steps.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Scan.html
 */
import { attr, required } from "../ir/attr.ts";
import { broadcast, type Dim, symbolsOf } from "../ir/dim.ts";
import { type Func, shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, int, type Lowering, read, rust, shape as shapeArg, write } from "../ir/plan.ts";
import { isTensor, type RuntimeValue, sizeOf, type Tensor } from "../ir/tensor.ts";
import { type Type, tensorType } from "../ir/types.ts";
import { copyValue } from "./copy_value.ts";
import { carry, settle } from "./loop.ts";
import { eachIndex, pick } from "./numeric.ts";
import { axisIn, shapeIn, tensorIn } from "./shape_rules.ts";
import { stack } from "./stack_tensors.ts";

interface Attrs {
  readonly num_scan_inputs: number;
  readonly scan_input_axes: readonly number[];
  readonly scan_input_directions: readonly number[];
  readonly scan_output_axes: readonly number[];
  readonly scan_output_directions: readonly number[];
  readonly batched: boolean;
}

export const scan = defineOp({
  name: "scan",
  summary: "Runs a graph over slices of its inputs.",
  onnx: {
    type: "Scan",
    since: [8, 9, 11, 16, 19, 21, 23, 24, 25],
    adapt(node, version, b) {
      if (version > 8) return node;
      if (node.inputs[0]) return [b.emit(unsupportedLengths, { lengths: node.inputs[0] })];
      const attributes = node.attributes.map((a) =>
        a.name === "directions" ? { ...a, name: "scan_input_directions" } : a,
      );
      return {
        ...node,
        inputs: node.inputs.slice(1),
        attributes: [...attributes, { name: "batched", kind: "int", value: 1n }],
      };
    },
  },
  inputs: { initial_state_and_scan_inputs: "variadic" },
  outputs: { final_state_and_scan_outputs: "variadic" },
  attrs: {
    num_scan_inputs: attr.int(required),
    scan_input_axes: attr.ints([]),
    scan_input_directions: attr.ints([]),
    scan_output_axes: attr.ints([]),
    scan_output_directions: attr.ints([]),
    batched: attr.bool(false),
  },
  regions: {
    names: ["body"],
    build({ initial_state_and_scan_inputs: all }, attrs, ctx) {
      const { state, scanned } = divide(all as readonly Value[], attrs);
      const slices = scanned.map((v, i) => sliceType(v, inputAxis(v, attrs, i, ctx), attrs.batched, ctx));
      const { body, varying } = settle(
        state.map((v) => (attrs.batched ? withoutFirst(v, ctx) : v.type)),
        (types) => ctx.graph("body", [...types, ...slices]),
        (body) => body.outputs.slice(0, state.length),
        ctx,
      );
      if (varying.length > 0)
        ctx.fail("E0201", {
          what: "extents of states",
          expected: "the same in every iteration",
          found: varying.join(", "),
        });
      return { regions: [body] };
    },
  },

  infer({ initial_state_and_scan_inputs: all }, attrs, ctx) {
    const [body] = ctx.regions as [Func];
    const { state, scanned } = divide(all as readonly Value[], attrs);
    const trips = tripsOf(scanned, attrs, ctx);
    const lead = attrs.batched ? [shapeIn(scanned[0] as Value, "a scan input", ctx)[0] as Dim] : [];
    const outs = body.outputs.slice(state.length).map((v, i): Type => {
      const inner = shapeIn(v, `scan output ${i}`, ctx);
      const own = new Set(body.ops.flatMap((op) => op.fresh));
      const extents = inner.map((d) => ([...symbolsOf(d)].some((s) => own.has(s)) ? ctx.fresh() : d));
      const axis = axisIn(attrs.scan_output_axes[i] ?? 0, extents.length + 1, ctx);
      return tensorType(tensorIn(v, `scan output ${i}`, ctx).dtype, [
        ...lead,
        ...extents.slice(0, axis),
        trips,
        ...extents.slice(axis),
      ]);
    });
    return [...state.map((v) => v.type), ...outs];
  },

  evaluateValues({ initial_state_and_scan_inputs: all }, attrs, ctx) {
    const [body] = ctx.regions as [Func];
    const values = all as readonly Tensor[];
    const one = (list: readonly Tensor[]): RuntimeValue[] => {
      const { state, scanned } = divide(list, attrs);
      return evaluateScan(body, state, scanned, attrs, (args) => ctx.run(body, args), ctx.size);
    };
    if (!attrs.batched) return one(values);
    const batches = values[0]?.shape[0] ?? 0;
    const results = Array.from({ length: batches }, (_, n) => one(values.map((t) => slice(t, 0, n))));
    return (results[0] ?? []).map((_, i) =>
      stack(
        results.map((r) => r[i] as Tensor),
        tensorType("f32", []),
        ctx.size,
      ),
    );
  },

  lower({ initial_state_and_scan_inputs: all }, attrs, l) {
    const { state, scanned } = divide(all as readonly Value[], attrs);
    if (!attrs.batched) return lowerScan(l, state, scanned, attrs);
    lowerBatches(l, state, scanned, attrs);
  },
});

/** Lengths of opset 8's batches that are data of the run have no user left; refusing them is right. */
const unsupportedLengths = defineOp({
  name: "scan_sequence_lens",
  summary: "Scan-8 with sequence_lens.",
  inputs: { lengths: "required" },
  outputs: { output: "required" },
  attrs: {},
  infer: (_, __, ctx) =>
    ctx.fail("E0205", { what: "sequence_lens of Scan in opset 8", help: "convert the model to opset 9 or later" }),
});

function divide<T>(all: readonly T[], attrs: Attrs): { state: readonly T[]; scanned: readonly T[] } {
  const states = all.length - attrs.num_scan_inputs;
  return { state: all.slice(0, states), scanned: all.slice(states) };
}

function inputAxis(v: Value, attrs: Attrs, i: number, ctx: Pick<InferContext, "fail">): number {
  const rank = shapeIn(v, "a scan input", ctx).length;
  return attrs.batched ? 1 : axisIn(attrs.scan_input_axes[i] ?? 0, rank, ctx);
}

function sliceType(v: Value, axis: number, batched: boolean, ctx: Pick<InferContext, "fail">): Type {
  const extents = shapeIn(v, "a scan input", ctx);
  return tensorType(
    tensorIn(v, "a scan input", ctx).dtype,
    extents.filter((_, i) => i !== axis && !(batched && i === 0)),
  );
}

const withoutFirst = (v: Value, ctx: Pick<InferContext, "fail">): Type =>
  tensorType(tensorIn(v, "a state", ctx).dtype, shapeIn(v, "a state", ctx).slice(1));

function tripsOf(scanned: readonly Value[], attrs: Attrs, ctx: InferContext): Dim {
  const extents = scanned.map((v, i) => shapeIn(v, "a scan input", ctx)[inputAxis(v, attrs, i, ctx)] as Dim);
  return extents.reduce(
    (a, b) =>
      broadcast(a, b) ?? ctx.fail("E0201", { what: "lengths of scan inputs", expected: "equal", found: "different" }),
    extents[0] ?? 0,
  );
}

/** Entry `at` of `axis`, the axis dropped. */
function slice(t: Tensor, axis: number, at: number): Tensor {
  const inner = sizeOf(t.shape.slice(axis + 1));
  const extent = t.shape[axis] as number;
  return pick(
    t,
    t.shape.filter((_, i) => i !== axis),
    (i) => (Math.floor(i / inner) * extent + at) * inner + (i % inner),
  );
}

function evaluateScan(
  body: Func,
  initial: readonly Tensor[],
  scanned: readonly Tensor[],
  attrs: Attrs,
  run: (args: readonly RuntimeValue[]) => readonly RuntimeValue[],
  size: (d: Dim) => number,
): RuntimeValue[] {
  const axes = scanned.map((t, i) =>
    attrs.batched ? 0 : ((attrs.scan_input_axes[i] ?? 0) + t.shape.length) % t.shape.length,
  );
  const trips = scanned[0]?.shape[axes[0] as number] ?? 0;
  let state: readonly RuntimeValue[] = initial;
  const outs: Tensor[][] = body.outputs.slice(initial.length).map(() => []);
  for (let n = 0; n < trips; n++) {
    const slices = scanned.map((t, i) =>
      slice(t, axes[i] as number, attrs.scan_input_directions[i] ? trips - 1 - n : n),
    );
    const results = run([...state, ...slices]);
    state = results.slice(0, initial.length);
    results.slice(initial.length).forEach((t, i) => {
      if (isTensor(t)) outs[i]?.push(t);
    });
  }
  const stacked = outs.map((list, i) => {
    const t = stack(
      attrs.scan_output_directions[i] ? list.reverse() : list,
      (body.outputs[initial.length + i] as Value).type,
      size,
    );
    const axis = attrs.scan_output_axes[i] ?? 0;
    return moveFirst(t, axis < 0 ? axis + t.shape.length : axis);
  });
  return [...state, ...stacked];
}

/** The first axis moved to `axis`. */
function moveFirst(t: Tensor, axis: number): Tensor {
  if (axis === 0) return t;
  const [first, ...rest] = t.shape as [number, ...number[]];
  const shape = [...rest.slice(0, axis), first, ...rest.slice(axis)];
  const strides = [...rest.map((_, i) => sizeOf(rest.slice(i + 1)))];
  const source = [...strides.slice(0, axis), sizeOf(rest), ...strides.slice(axis)];
  const from: number[] = [];
  eachIndex(shape, [source], (i, [at]) => {
    from[i] = at as number;
  });
  return pick(t, shape, (i) => from[i] as number);
}

function lowerScan(l: Lowering, initial: readonly Value[], scanned: readonly Value[], attrs: Attrs): void {
  const [body] = l.op.regions as [Func];
  const state = body.inputs.slice(0, initial.length);
  state.forEach((to, i) => {
    copyValue(l, initial[i] as Value, to, new Set());
  });
  scanLoop(l, state, scanned, l.outputs.slice(initial.length), attrs, undefined);
  state.forEach((from, i) => {
    const to = l.outputs[i];
    if (to) l.view(from, to);
  });
}

/** Steps of one scan; in batches, `batch` is the number of the one at hand. */
function scanLoop(
  l: Lowering,
  state: readonly Value[],
  scanned: readonly Value[],
  outputs: readonly (Value | undefined)[],
  attrs: Attrs,
  batch: Value | undefined,
): void {
  const [body] = l.op.regions as [Func];
  const counter = l.temporary("i64", []);
  const axes = scanned.map((v, i) =>
    attrs.batched ? 1 : ((attrs.scan_input_axes[i] ?? 0) + shapeOf(v).length) % shapeOf(v).length,
  );
  const trips = shapeOf(scanned[0] as Value)[axes[0] as number] as Dim;
  const steps = l.within(() => {
    scanned.forEach((v, i) => {
      const to = body.inputs[state.length + i] as Value;
      const reverse = bool(Boolean(attrs.scan_input_directions[i]));
      l.call("ops::take_slice", [
        read(v),
        shapeArg(v),
        int(axes[i] as number),
        batch ? read(batch) : rust("&[0_i64]"),
        read(counter),
        reverse,
        write(to),
      ]);
    });
    for (const step of l.region(body)) l.step(step);
    body.outputs.slice(state.length).forEach((from, i) => {
      const to = outputs[i];
      if (!to) return;
      const rank = shapeOf(to).length - (attrs.batched ? 1 : 0);
      const axis = (((attrs.scan_output_axes[i] ?? 0) + rank) % rank) + (attrs.batched ? 1 : 0);
      const reverse = bool(Boolean(attrs.scan_output_directions[i]));
      l.call("ops::put_slice", [
        read(from),
        write(to),
        shapeArg(to),
        int(axis),
        batch ? read(batch) : rust("&[0_i64]"),
        read(counter),
        reverse,
      ]);
    });
    carry(l, body.outputs.slice(0, state.length), state, []);
  });
  l.step({
    kind: "loop",
    op: l.op,
    limit: { dim: trips },
    condition: undefined,
    counter,
    body: steps,
    count: undefined,
  });
}

function lowerBatches(l: Lowering, initial: readonly Value[], scanned: readonly Value[], attrs: Attrs): void {
  const [body] = l.op.regions as [Func];
  const state = body.inputs.slice(0, initial.length);
  const batch = l.temporary("i64", []);
  const steps = l.within(() => {
    state.forEach((to, i) => {
      const from = initial[i] as Value;
      l.call("ops::take_slice", [
        read(from),
        shapeArg(from),
        int(0),
        rust("&[0_i64]"),
        read(batch),
        bool(false),
        write(to),
      ]);
    });
    scanLoop(l, state, scanned, l.outputs.slice(initial.length), attrs, batch);
    state.forEach((from, i) => {
      const to = l.outputs[i];
      if (to) l.call("ops::store_at", [read(from), read(batch), write(to)]);
    });
  });
  l.step({
    kind: "loop",
    op: l.op,
    limit: { dim: shapeOf(scanned[0] as Value)[0] as Dim },
    condition: undefined,
    counter: batch,
    body: steps,
    count: undefined,
  });
}
