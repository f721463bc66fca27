/** Which values are used, and programs without operations that nobody uses. Not a pass: `eliminate_dead.ts` is. */
import type { Func, Op, Program, Value } from "../ir/graph.ts";

/** The program without operations none of whose results is used. The same program if there are none. */
export function withoutDead(program: Program): Program {
  let current = program;
  for (;;) {
    const next = sweep(current);
    if (next === current) return current;
    current = next;
  }
}

function sweep(program: Program): Program {
  const uses = countUses(program.main);
  const main = sweepFunc(program.main, uses);
  return main === program.main ? program : { ...program, main };
}

function sweepFunc(f: Func, uses: ReadonlyMap<Value, number>): Func {
  let same = true;
  const ops: Op[] = [];
  for (const op of f.ops) {
    const wanted = op.outputs.map((v) => (v && uses.has(v) ? v : undefined));
    // Operations without results are there for what they do.
    if (wanted.length > 0 && wanted.every((v) => v === undefined)) {
      same = false;
      continue;
    }
    const regions = op.regions.map((r) => sweepFunc(r, uses));
    if (regions.every((r, i) => r === op.regions[i])) {
      ops.push(op);
      continue;
    }
    same = false;
    ops.push({ ...op, regions });
  }
  return same ? f : { ...f, ops };
}

/** Uses of each value by operations (regions included) and as results. */
export function countUses(f: Func, into = new Map<Value, number>()): Map<Value, number> {
  const use = (v: Value | undefined): void => {
    if (v) into.set(v, (into.get(v) ?? 0) + 1);
  };
  for (const op of f.ops) {
    op.inputs.forEach(use);
    for (const r of op.regions) countUses(r, into);
  }
  f.outputs.forEach(use);
  return into;
}
