/** Which values are used, and programs without operations that nobody uses. Not a pass: `eliminate_dead.ts` is. */
import { symbolsOf } from "../ir/dim.ts";
import { type Func, type Op, type Program, type Value, walk } from "../ir/graph.ts";

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
  const sizes = mentions([...walk(program.main)]);
  const main = sweepFunc(program.main, uses, sizes);
  return main === program.main ? program : { ...program, main };
}

function sweepFunc(f: Func, uses: ReadonlyMap<Value, number>, sizes: ReadonlyMap<string, number>): Func {
  let same = true;
  const ops: Op[] = [];
  for (const op of f.ops) {
    const wanted = op.outputs.map((v) => (v && uses.has(v) ? v : undefined));
    // Operations without results are there for what they do.
    if (wanted.length > 0 && wanted.every((v) => v === undefined) && !tellsSizes(op, sizes)) {
      same = false;
      continue;
    }
    const regions = op.regions.map((r) => sweepFunc(r, uses, sizes));
    if (regions.every((r, i) => r === op.regions[i])) {
      ops.push(op);
      continue;
    }
    same = false;
    ops.push({ ...op, regions });
  }
  return same ? f : { ...f, ops };
}

/** Whether other operations mention sizes that only this one tells: `Shape` of an element is known without the element. */
function tellsSizes(op: Op, sizes: ReadonlyMap<string, number>): boolean {
  if (op.fresh.length === 0) return false;
  const own = mentions([op, ...op.regions.flatMap((r) => [...walk(r)])]);
  return op.fresh.some((s) => (sizes.get(s) ?? 0) > (own.get(s) ?? 0));
}

/** How often the operations' results and regions' arguments mention each size, in their extents or elements. */
function mentions(ops: readonly Op[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const op of ops)
    for (const v of [...op.outputs, ...op.regions.flatMap((r) => r.inputs)])
      for (const d of [...((v?.type.kind === "tensor" && v.type.shape) || []), ...(v?.contents ?? [])])
        for (const s of d === undefined ? [] : symbolsOf(d)) counts.set(s, (counts.get(s) ?? 0) + 1);
  return counts;
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
