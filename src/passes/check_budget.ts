/** Refuses programs that need more memory than they may: absurd sizes, or more than the user allows. */
import { Diagnosed, type Diagnostic, diagnostic } from "../diagnostics/report.ts";
import { isStatic } from "../ir/dim.ts";
import { bytesOf } from "../ir/dtype.ts";
import { type Program, type Value, walk } from "../ir/graph.ts";
import type { Plan } from "../ir/plan.ts";
import { sizeOf } from "../ir/tensor.ts";

/** Limits in bytes. */
export interface Budget {
  readonly arena: number;
  readonly weights: number;
}

/** No machine has more: a model that asks for it is broken or hostile. */
const absurdBytes = 2 ** 40;

/** Throws E0402 for values, planned memory or constants above the budget. */
export function checkBudget(program: Program, plan: Plan, weightBytes: number, budget: Partial<Budget>): void {
  const over: Diagnostic[] = [];
  const check = (what: string, bytes: number, limit: number, node = ""): void => {
    if (bytes > limit) over.push(diagnostic("E0402", { what, bytes: String(bytes), limit: String(limit) }, node));
  };
  for (const [v, node] of values(program)) check(`the value "${v.name}"`, bytesOfValue(v), absurdBytes, node);
  check("planned memory (the arena)", plan.arenaBytes, Math.min(budget.arena ?? absurdBytes, absurdBytes));
  check("constants", weightBytes, Math.min(budget.weights ?? absurdBytes, absurdBytes));
  if (over.length > 0) throw new Diagnosed(...over.slice(0, 10));
}

function* values(program: Program): Generator<readonly [Value, string]> {
  for (const v of program.main.inputs) yield [v, ""];
  for (const op of walk(program.main)) {
    for (const region of op.regions) for (const v of region.inputs) yield [v, op.origins.join(" + ")];
    for (const v of op.outputs) if (v) yield [v, op.origins.join(" + ")];
  }
}

/** Bytes of a tensor; symbolic extents count as 1, since only a run knows them. */
function bytesOfValue({ type }: Value): number {
  if (type.kind !== "tensor") return 0;
  return sizeOf((type.shape ?? []).map((d) => (isStatic(d) ? d : 1))) * bytesOf(type.dtype);
}
