/** Steps that only write what nobody reads are dropped: the extents of a reshape, say, that the plan already knows. */
import type { Value } from "../ir/graph.ts";
import type { Step } from "../ir/plan.ts";
import { valuesOf } from "./live_ranges.ts";

export function withoutUnread(steps: readonly Step[], results: readonly Value[]): readonly Step[] {
  let current = steps;
  for (;;) {
    const next = sweep(current, readBy(current, results));
    if (count(next) === count(current)) return next;
    current = next;
  }
}

const count = (steps: readonly Step[]): number =>
  steps.reduce(
    (n, s) => n + 1 + (s.kind === "if" ? count(s.then) + count(s.else) : s.kind === "loop" ? count(s.body) : 0),
    0,
  );

/** Values that are read, as themselves or through views of them. */
function readBy(steps: readonly Step[], results: readonly Value[]): ReadonlySet<Value> {
  const read = new Set<Value>(results);
  const views: (readonly [Value, Value])[] = [];
  const visit = (list: readonly Step[]): void => {
    for (const s of list) {
      if (s.kind === "call")
        for (const a of s.args) for (const { value, access } of valuesOf(a)) if (access === "read") read.add(value);
      if (s.kind === "map") for (const v of s.inputs) read.add(v);
      if (s.kind === "view") views.push([s.input, s.output]);
      if (s.kind === "if") {
        read.add(s.condition);
        visit(s.then);
        visit(s.else);
      }
      if (s.kind === "loop") {
        for (const v of [s.condition, s.counter, s.limit && "value" in s.limit ? s.limit.value : undefined])
          if (v) read.add(v);
        visit(s.body);
      }
    }
  };
  visit(steps);
  // A view shares memory with what it views: who writes one writes the other.
  for (const [input, output] of [...views, ...views.toReversed()]) {
    if (read.has(input)) read.add(output);
    if (read.has(output)) read.add(input);
  }
  return read;
}

function sweep(steps: readonly Step[], read: ReadonlySet<Value>): readonly Step[] {
  return steps.flatMap((s): Step[] => {
    if (s.kind === "if") return [{ ...s, then: sweep(s.then, read), else: sweep(s.else, read) }];
    if (s.kind === "loop") return [{ ...s, body: sweep(s.body, read) }];
    if (s.kind === "map") return read.has(s.output) ? [s] : [];
    if (s.kind !== "call" || s.fallible || s.binds.length > 0) return [s];
    const touched = s.args.flatMap((a) => [...valuesOf(a)]);
    const writes = touched.filter((v) => v.access === "write");
    const needed =
      writes.length === 0 || touched.some((v) => v.access === "grow") || writes.some((v) => read.has(v.value));
    return needed ? [s] : [];
  });
}
