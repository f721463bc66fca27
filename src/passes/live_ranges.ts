/** When each value of a plan is alive, in positions of the steps laid out in a line. */
import type { Value } from "../ir/graph.ts";
import type { Arg, Step } from "../ir/plan.ts";

export interface Range {
  /** First and last position at which the value's memory is in use, both included. */
  first: number;
  last: number;
}

export interface Liveness {
  readonly ranges: ReadonlyMap<Value, Range>;
  /** What each view is a view of, followed to the end. */
  readonly roots: ReadonlyMap<Value, Value>;
  readonly positions: number;
}

/** Values that an argument touches. */
export function* valuesOf(arg: Arg): Generator<{ value: Value; access: "read" | "write" | "grow" }> {
  switch (arg.kind) {
    case "read":
    case "write":
    case "grow":
      yield { value: arg.value, access: arg.kind };
      return;
    case "some":
      yield* valuesOf(arg.arg);
      return;
    case "array":
    case "list":
      for (const a of arg.items) yield* valuesOf(a);
      return;
    case "reference":
      yield* valuesOf(arg.to);
      return;
    case "call":
      for (const a of arg.args) yield* valuesOf(a);
      return;
    case "struct":
      for (const [, a] of arg.fields) yield* valuesOf(a);
      return;
    default:
  }
}

/** Values that a step itself touches (nested steps not included). */
export function touched(step: Step): readonly Value[] {
  switch (step.kind) {
    case "call":
      return step.args.flatMap((a) => [...valuesOf(a)].map((v) => v.value));
    case "map":
      return [...step.inputs, step.output];
    case "view":
      return [step.input, step.output];
    case "if":
      return [step.condition];
    case "loop":
      return [step.condition, step.counter, step.limit && "value" in step.limit ? step.limit.value : undefined].filter(
        (v) => v !== undefined,
      );
    case "bind":
      return [];
  }
}

/** A value that lives across the border of a loop is alive for all of it. Inner loops come before those around them. */
function coverLoops(r: Range, loops: readonly Range[]): void {
  for (const loop of loops) {
    const inside = r.first > loop.first && r.last < loop.last;
    const apart = r.last < loop.first || r.first > loop.last;
    if (inside || apart) continue;
    r.first = Math.min(r.first, loop.first);
    r.last = Math.max(r.last, loop.last);
  }
}

/** Live ranges; `results` are alive at the end. A value from outside that a loop touches is alive for the whole loop. */
export function liveRanges(steps: readonly Step[], results: readonly Value[]): Liveness {
  const ranges = new Map<Value, Range>();
  const roots = new Map<Value, Value>();
  const loops: Range[] = [];
  let position = 0;
  const rootOf = (v: Value): Value => roots.get(v) ?? v;
  const touch = (v: Value, at: number): void => {
    const root = rootOf(v);
    const r = ranges.get(root);
    if (!r) ranges.set(root, { first: at, last: at });
    else r.last = Math.max(r.last, at);
  };
  const visit = (list: readonly Step[]): void => {
    for (const step of list) {
      const at = position++;
      if (step.kind === "view") roots.set(step.output, rootOf(step.input));
      for (const v of touched(step)) touch(v, at);
      if (step.kind === "if") {
        visit(step.then);
        visit(step.else);
      }
      if (step.kind === "loop") {
        visit(step.body);
        const end = position++;
        for (const v of touched(step)) touch(v, end);
        loops.push({ first: at, last: end });
      }
    }
  };
  visit(steps);
  for (const v of results) touch(v, position);
  for (const r of ranges.values()) coverLoops(r, loops);
  return { ranges, roots, positions: position + 1 };
}
