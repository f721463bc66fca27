/** A kernel plan as a table, for `inspect --stage plan`. */
import { byteText } from "../codegen/rust.ts";
import type { Op, Value } from "../ir/graph.ts";
import type { Arg, Place, Plan, Step } from "../ir/plan.ts";
import { typeText } from "../ir/types.ts";

/** A row a step; nested steps are indented below theirs. */
export function planText(plan: Plan): string {
  const rows = [["step", "kernel", "nodes", "results", "where"], ...stepRows(plan.steps, plan, "")];
  const widths = (rows[0] as string[]).map((_, i) => Math.max(...rows.map((r) => (r[i] as string).length)));
  const lines = rows.map((r) =>
    r
      .map((c, i) => c.padEnd(widths[i] as number))
      .join("  ")
      .trimEnd(),
  );
  const memory = `arena ${byteText(plan.arenaBytes)}, lower bound ${byteText(plan.lowerBoundBytes)}, ${plan.heapSlots.length} heap slots`;
  return [...lines, "", memory].join("\n");
}

function stepRows(steps: readonly Step[], plan: Plan, prefix: string): string[][] {
  return steps.flatMap((step, i) => {
    const number = `${prefix}${i + 1}`;
    const written = results(step);
    const row = [
      number,
      kernelText(step),
      cut(originText(step.op)),
      cut(written.map((v) => `%${v.name}: ${typeText(v.type)}`).join(", ")),
      written.map((v) => placeText(plan.places.get(v))).join(", "),
    ];
    const nested = nestedSteps(step).flatMap((inner, k) => stepRows(inner, plan, `${number}${"abc"[k]}`));
    return [row, ...nested];
  });
}

const originText = (op: Op): string => op.origins.join(" + ");
const cut = (text: string): string => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

function nestedSteps(step: Step): readonly (readonly Step[])[] {
  if (step.kind === "if") return [step.then, step.else];
  return step.kind === "loop" ? [step.body] : [];
}

const kernelText = (step: Step): string => (step.kind === "call" ? step.kernel : step.kind);

function results(step: Step): readonly Value[] {
  switch (step.kind) {
    case "map":
    case "view":
      return [step.output];
    case "call":
      return step.args.flatMap(written);
    default:
      return step.op.outputs.filter((v) => v !== undefined);
  }
}

function written(arg: Arg): readonly Value[] {
  switch (arg.kind) {
    case "write":
    case "grow":
      return [arg.value];
    case "some":
      return written(arg.arg);
    case "list":
      return arg.items.flatMap(written);
    case "struct":
      return arg.fields.flatMap(([, a]) => written(a));
    default:
      return [];
  }
}

function placeText(place: Place | undefined): string {
  switch (place?.kind) {
    case "arena":
      return `arena ${place.offset}+${place.bytes}`;
    case "heap":
      return `heap ${place.slot}`;
    case "view":
      return `view of %${place.of.name}`;
    case "input":
      return `input ${place.index}`;
    case "constant":
      return "constant";
    case undefined:
      return "—";
  }
}
