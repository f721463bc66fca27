/**
 * Equations of Einstein summation: `term, term -> term`, each a string of letters and at most one ellipsis. Without a right
 * side the result has the ellipsis, then the letters that occur once, in alphabetical order (capitals first).
 *
 * Axes under an ellipsis get labels of their own, counted from the last one back, so that they broadcast as NumPy's do.
 */
import { broadcast, type Dim, dimText, isStatic, sameDim } from "../ir/dim.ts";
import type { InferContext } from "../ir/op_def.ts";
import { agree } from "./shape_rules.ts";

type Fail = Pick<InferContext, "fail">;
export type Labels = readonly string[];

export interface Equation {
  /** Labels of each operand's axes, and of the result's. */
  readonly terms: readonly Labels[];
  readonly output: Labels;
}

const ellipsis = "...";
const isBroadcast = (label: string): boolean => label.length > 1;

/** The equation with a label for each axis of operands of these ranks. */
export function parseEquation(text: string, ranks: readonly number[], ctx: Fail): Equation {
  const wrong = (expected: string): never => ctx.fail("E0202", { name: "equation", value: text, expected });
  const [left, right, ...more] = text.replaceAll(" ", "").split("->");
  if (more.length > 0) wrong("at most one ->");
  const written = (left as string)
    .split(",")
    .map((term) => symbols(term) ?? wrong("letters and at most one ellipsis in a term"));
  if (written.length !== ranks.length) wrong(`${ranks.length} terms, one per operand`);
  const under = written.map((term, n) => {
    const rest = (ranks[n] as number) - term.filter((s) => s !== ellipsis).length;
    if (rest < 0 || (rest > 0 && !term.includes(ellipsis))) wrong(`${ranks[n]} axes in term ${n}`);
    return rest;
  });
  const hidden = (count: number): Labels => Array.from({ length: count }, (_, i) => `.${count - i}`);
  const terms = written.map((term, n) => term.flatMap((s) => (s === ellipsis ? hidden(under[n] as number) : [s])));
  const most = hidden(Math.max(0, ...under.filter((_, n) => written[n]?.includes(ellipsis))));
  const output =
    right === undefined
      ? [...most, ...once(terms)]
      : (symbols(right) ?? wrong("letters and at most one ellipsis in the result")).flatMap((s) =>
          s === ellipsis ? most : [s],
        );
  if (new Set(output).size !== output.length) wrong("each letter once in the result");
  if (output.some((label) => !terms.some((term) => term.includes(label))))
    wrong("letters of the operands in the result");
  return { terms, output };
}

/** Letters and ellipses of a term; undefined where it has anything else. */
function symbols(term: string): string[] | undefined {
  const parts = term.match(/\.\.\.|[A-Za-z]/g) ?? [];
  const whole = parts.join("") === term && parts.filter((p) => p === ellipsis).length <= 1;
  return whole ? [...parts] : undefined;
}

/** Letters that occur once in all terms. */
function once(terms: readonly Labels[]): string[] {
  const all = terms.flat().filter((label) => !isBroadcast(label));
  return all.filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
}

/** The extent of each label. Axes of extent 1 are repeated where others are longer. */
export function labelExtents(
  terms: readonly Labels[],
  shapes: readonly (readonly Dim[])[],
  ctx: Fail,
): ReadonlyMap<string, Dim> {
  const extents = new Map<string, Dim>();
  terms.forEach((labels, n) => {
    labels.forEach((label, axis) => {
      const found = shapes[n]?.[axis] as Dim;
      const known = extents.get(label);
      extents.set(label, known === undefined ? found : common(label, known, found, ctx));
    });
  });
  return extents;
}

function common(label: string, known: Dim, found: Dim, ctx: Fail): Dim {
  if (known === 1) return found;
  if (found === 1) return known;
  if (!isBroadcast(label)) return agree(known, found, `extent of ${label}`, ctx);
  return (
    broadcast(known, found) ??
    ctx.fail("E0201", { what: "extents under an ellipsis", expected: dimText(known), found: dimText(found) })
  );
}

/** Whether an axis of extent `found` has to be compared with its label's only when the program runs. */
export const isUnproved = (label: string, extent: Dim, found: Dim): boolean =>
  !isBroadcast(label) && found !== 1 && !sameDim(extent, found) && !(isStatic(extent) && isStatic(found));
