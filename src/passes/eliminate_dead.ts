/** Operations whose results nobody uses are removed, and single unused results of operations are marked unwanted. */
import type { Func, Op, Program, Value } from "../ir/graph.ts";
import type { Pass } from "./pass.ts";
import { countUses } from "./rewrite.ts";

export const eliminateDead: Pass = {
  name: "eliminate-dead",
  summary: "operations whose results nobody uses are removed",
  optional: true,
  run(program) {
    let current = program;
    for (;;) {
      const next = sweep(current);
      if (next === current) return current;
      current = next;
    }
  },
};

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
    if (wanted.every((v) => v === undefined)) {
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
