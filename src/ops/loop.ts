/**
 * Runs a graph again and again: at most `M` times, while `cond` holds, carrying values from one iteration to the next and
 * stacking others along a new first axis. An absent `cond` means that the body's condition is ignored.
 *
 * Carried values may change their extents from iteration to iteration: such extents are symbols that the loop sets
 * (`varying`), found when the body is imported.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Loop.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, symbolsOf } from "../ir/dim.ts";
import { type Func, shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type RegionContext } from "../ir/op_def.ts";
import { grow, type Lowering, read, rust, write } from "../ir/plan.ts";
import { isTensor, numbers, type RuntimeValue, scalar, type Tensor } from "../ir/tensor.ts";
import { sameType, type Type, tensorType, typeText, unify } from "../ir/types.ts";
import { bindings, copyValue } from "./copy_value.ts";
import { stack } from "./stack_tensors.ts";

export const loop = defineOp({
  name: "loop",
  summary: "Runs a graph again and again, carrying values.",
  onnx: { type: "Loop", since: [1, 11, 13, 16, 19, 21, 23, 24, 25] },
  inputs: { M: "optional", cond: "optional", v_initial: "variadic" },
  outputs: { v_final_and_scan_outputs: "variadic" },
  attrs: { varying: attr.internal<readonly string[]>([]) },
  regions: {
    names: ["body"],
    build({ v_initial }, _, ctx) {
      const { body, varying } = settle(
        v_initial.map((v) => (v as Value).type),
        (types) => ctx.graph("body", [tensorType("i64", []), tensorType("bool", []), ...types]),
        (body) => body.outputs.slice(1),
        ctx,
      );
      return { regions: [body], attrs: { varying } };
    },
  },

  infer({ M, cond, v_initial }, { varying }, ctx) {
    const [body] = ctx.regions as [Func];
    const carried = v_initial.length;
    if (body.outputs.length < 1 + carried)
      ctx.fail("E0201", {
        what: "results of the body",
        expected: `at least ${1 + carried}`,
        found: body.outputs.length,
      });
    const trips = staticTrips(M, cond, body) ?? ctx.fresh();
    const inner = innerSymbols(body, varying);
    const scans = body.outputs.slice(1 + carried).map((v): Type => {
      if (v.type.kind !== "tensor" || !v.type.shape)
        return ctx.fail("E0205", { what: `the rank of scan output %${v.name}` });
      const extents = v.type.shape.map((d) => ([...symbolsOf(d)].some((s) => inner.has(s)) ? ctx.fresh() : d));
      return tensorType(v.type.dtype, [trips, ...extents]);
    });
    return [...body.inputs.slice(2).map((v) => v.type), ...scans];
  },

  evaluateValues({ M, cond, v_initial }, _, ctx) {
    const [body] = ctx.regions as [Func];
    const limit = isTensor(M) ? (numbers(M)[0] as number) : Number.POSITIVE_INFINITY;
    let go = isTensor(cond) ? Boolean(cond.data[0]) : true;
    let state = v_initial as readonly RuntimeValue[];
    const scans: Tensor[][] = body.outputs.slice(1 + state.length).map(() => []);
    for (let i = 0; i < limit && go; i++) {
      const out = ctx.run(body, [scalar("i64", i), scalar("bool", 1), ...state]);
      if (isTensor(cond)) go = Boolean((out[0] as Tensor).data[0]);
      out.slice(1 + state.length).forEach((v, n) => scans[n]?.push(v as Tensor));
      state = out.slice(1, 1 + state.length);
    }
    return [
      ...state,
      ...scans.map((list, n) => stack(list, (body.outputs[1 + state.length + n] as Value).type, ctx.size)),
    ];
  },

  lower({ M, cond, v_initial }, { varying }, l) {
    const [body] = l.op.regions as [Func];
    const carried = v_initial as readonly Value[];
    const [counter, condition, ...state] = body.inputs as [Value, Value, ...Value[]];
    enterLoop(l, carried, state, varying);
    const trips = staticTrips(M, cond, body);
    const count = trips === undefined ? l.op.fresh[0] : undefined;
    const scans = body.outputs
      .slice(1 + carried.length)
      .map((from, n) => ({ from, to: l.outputs[carried.length + n] }));
    for (const { to } of scans) if (to && grows(to, l)) l.call("ops::clear", [grow(to)]);
    const tested = cond !== undefined;
    if (tested) copyValue(l, cond, condition, new Set());
    else l.call("ops::fill", [rust("rt::Bool(1)"), write(condition)]);
    const steps = l.within(() => {
      for (const step of l.region(body)) l.step(step);
      for (const { from, to } of scans) if (to) appendScan(l, from, to, counter);
      if (tested) carry(l, [body.outputs[0] as Value], [condition], []);
      carry(l, body.outputs.slice(1, 1 + carried.length), state, varying);
    });
    const known = M?.contents?.[0];
    const limit = M === undefined ? undefined : typeof known === "number" ? { dim: Math.max(0, known) } : { value: M };
    l.step({ kind: "loop", op: l.op, limit, condition: tested ? condition : undefined, counter, body: steps, count });
    leaveLoop(l, state);
  },
});

/** Sizes that the operation itself sets occur in the value's extents: its buffer grows. */
const grows = (v: Value, l: Lowering): boolean =>
  v.type.kind === "tensor" && (v.type.shape ?? []).some((d) => [...symbolsOf(d)].some((s) => l.op.fresh.includes(s)));

function appendScan(l: Lowering, from: Value, to: Value, counter: Value): void {
  if (!grows(to, l)) return l.call("ops::store_at", [read(from), read(counter), write(to)]);
  const element = { ...to, type: tensorType(tensorOf(to).dtype, shapeOf(to).slice(1)) };
  const bound = bindings(from, element, new Set(l.op.fresh));
  if (bound.length > 0) l.step({ kind: "bind", op: l.op, bindings: bound });
  l.call("ops::append", [read(from), grow(to)]);
}

/** The number of iterations, where it is fixed when compiling. */
function staticTrips(M: Value | undefined, cond: Value | undefined, body: Func): number | undefined {
  const limit = M?.contents?.[0];
  if (typeof limit !== "number") return undefined;
  const always = (v: Value | undefined): boolean => v?.literal?.dtype === "bool" && Boolean(v.literal.load().data[0]);
  const goesOn =
    cond === undefined || (always(cond) && (always(body.outputs[0]) || body.outputs[0] === body.inputs[1]));
  return goesOn ? Math.max(0, limit) : undefined;
}

/** Symbols that only an iteration sets: the loop's own and those of operations in the body. */
function innerSymbols(body: Func, varying: readonly string[]): Set<string> {
  const inner = new Set(varying);
  const visit = (f: Func): void => {
    for (const op of f.ops) {
      for (const s of op.fresh) inner.add(s);
      op.regions.forEach(visit);
    }
  };
  visit(body);
  return inner;
}

/**
 * Imports a body until the types of what it carries fit themselves: extents that an iteration changes become symbols of
 * the loop. `graph` imports for given types of the carried values, `results` picks what the body hands on.
 */
export function settle(
  initial: readonly Type[],
  graph: (types: readonly Type[]) => Func,
  results: (body: Func) => readonly Value[],
  ctx: Pick<RegionContext, "fresh" | "fail">,
): { body: Func; varying: readonly string[] } {
  const varying: string[] = [];
  const fresh = (): Dim => {
    const d = ctx.fresh();
    if (typeof d === "object") varying.push(d.key);
    return d;
  };
  let types = initial;
  for (;;) {
    const body = graph(types);
    const handed = results(body);
    const next = types.map((t, i) => {
      const v = handed[i];
      const covered = v && unify(t, withVarying(v.type, t, varying), fresh);
      return (
        covered ??
        ctx.fail("E0201", {
          what: `carried value ${i} after an iteration`,
          expected: typeText(t),
          found: v ? typeText(v.type) : "nothing",
        })
      );
    });
    if (next.every((t, i) => sameType(t, types[i] as Type))) return { body, varying };
    types = next;
  }
}

/** The type of a result, where extents that already vary in `carried` may become anything: only the others must stay. */
function withVarying(result: Type, carried: Type, varying: readonly string[]): Type {
  if (result.kind !== "tensor" || carried.kind !== "tensor" || result.shape?.length !== carried.shape?.length)
    return result;
  const own = (d: Dim): boolean => typeof d === "object" && varying.includes(d.key);
  return tensorType(
    result.dtype,
    result.shape?.map((d, axis) => (own(carried.shape?.[axis] as Dim) ? (carried.shape?.[axis] as Dim) : d)),
  );
}

/** Before the loop: the carried values start as copies of the initial ones. */
export function enterLoop(
  l: Lowering,
  initial: readonly Value[],
  state: readonly Value[],
  varying: readonly string[],
): void {
  const owned = new Set(varying);
  const bound = state.flatMap((to, i) => bindings(initial[i] as Value, to, owned));
  if (bound.length > 0) l.step({ kind: "bind", op: l.op, bindings: bound });
  state.forEach((to, i) => {
    copyValue(l, initial[i] as Value, to, owned);
  });
}

/** At the end of an iteration: `results` become the next `state`, all at once. */
export function carry(
  l: Lowering,
  results: readonly Value[],
  state: readonly Value[],
  varying: readonly string[],
): void {
  const owned = new Set(varying);
  const moves = results
    .map((from, i) => ({ from, to: state[i] as Value }))
    .filter(({ from, to }) => l.rootOf(from) !== to);
  // A result that is another carried value (they swap) must be saved before that one is overwritten.
  const sources = moves.map(({ from, to }) => {
    if (!state.includes(l.rootOf(from)) || from.type.kind !== "tensor" || from.type.shape === undefined)
      return { from, to };
    const saved = l.temporary(from.type.dtype, from.type.shape);
    copyValue(l, from, saved, new Set());
    return { from: saved, to };
  });
  for (const { from, to } of sources) copyValue(l, from, to, owned);
  const bound = moves.flatMap(({ from, to }) => bindings(from, to, owned));
  if (bound.length > 0) l.step({ kind: "bind", op: l.op, bindings: bound });
}

/** After the loop: the results are the carried values' memory. */
export function leaveLoop(l: Lowering, state: readonly Value[]): void {
  state.forEach((from, i) => {
    const to = l.outputs[i];
    if (to) l.view(from, to);
  });
}
