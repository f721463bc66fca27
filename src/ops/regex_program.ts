/**
 * Regular expressions as programs of a machine that follows all threads at once (Thompson 1968): time is proportional to
 * text times program, whatever the expression. The kernel runs the same program.
 *
 * An instruction is three numbers: what it does, and two operands.
 */
import type { CharSet } from "./regex_classes.ts";
import { type Assertion, type Regex, RegexError } from "./regex_syntax.ts";

/** What instructions do, in the numbering of the kernel. */
export const code = { match: 0, set: 1, split: 2, jump: 3, assert: 4 } as const;
const assertionCodes: Readonly<Record<Assertion, number>> = {
  textStart: 0,
  textEnd: 1,
  lineStart: 2,
  lineEnd: 3,
  wordBoundary: 4,
  noWordBoundary: 5,
};

export interface RegexProgram {
  /** `[what, a, b]` of each instruction: `set` a range `a..b` of `ranges` (counted in pairs), `split` two targets, … */
  readonly code: readonly (readonly [number, number, number])[];
  /** First and last character of each range. */
  readonly ranges: readonly (readonly [number, number])[];
}

const maxInstructions = 1 << 16;

/** Throws `RegexError` for an expression that is too large. */
export function compileRegex(regex: Regex): RegexProgram {
  const c = new Compiler();
  c.emit(regex);
  c.push(code.match, 0, 0);
  return { code: c.code, ranges: c.ranges };
}

class Compiler {
  readonly code: [number, number, number][] = [];
  readonly ranges: (readonly [number, number])[] = [];
  private readonly sets = new Map<CharSet, number>();

  push(what: number, a: number, b: number): number {
    if (this.code.length >= maxInstructions) throw new RegexError(`more than ${maxInstructions} instructions`);
    return this.code.push([what, a, b]) - 1;
  }

  emit(regex: Regex): void {
    switch (regex.kind) {
      case "set":
        this.set(regex.set);
        return;
      case "assert":
        this.push(code.assert, assertionCodes[regex.at], 0);
        return;
      case "sequence":
        for (const item of regex.items) this.emit(item);
        return;
      case "choice":
        this.choice(regex.items);
        return;
      case "repeat":
        this.repeat(regex.item, regex.min, regex.max);
    }
  }

  private set(set: CharSet): void {
    const at = this.sets.get(set) ?? this.ranges.length;
    if (!this.sets.has(set)) {
      this.sets.set(set, at);
      this.ranges.push(...set);
    }
    this.push(code.set, at, at + set.length);
  }

  private choice(items: readonly Regex[]): void {
    const ends: number[] = [];
    for (const item of items.slice(0, -1)) {
      const split = this.push(code.split, this.code.length + 1, 0);
      this.emit(item);
      ends.push(this.push(code.jump, 0, 0));
      this.patch(split, 2);
    }
    this.emit(items.at(-1) as Regex);
    for (const end of ends) this.patch(end, 1);
  }

  private repeat(item: Regex, min: number, max: number): void {
    for (let i = 0; i < min; i++) this.emit(item);
    if (!Number.isFinite(max)) {
      const split = this.push(code.split, this.code.length + 1, 0);
      this.emit(item);
      this.push(code.jump, split, 0);
      this.patch(split, 2);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.push(code.split, this.code.length + 1, 0));
      this.emit(item);
    }
    for (const split of splits) this.patch(split, 2);
  }

  /** Makes operand `operand` of an instruction the place after the last. */
  private patch(instruction: number, operand: 1 | 2): void {
    (this.code[instruction] as [number, number, number])[operand] = this.code.length;
  }
}

/** Whether all of `text` matches. */
export function matchesFully(program: RegexProgram, text: string): boolean {
  const chars = [...text].map((c) => c.codePointAt(0) as number);
  let threads = new Set<number>();
  follow(program, 0, chars, 0, threads);
  for (let at = 0; at < chars.length && threads.size > 0; at++) {
    const next = new Set<number>();
    for (const thread of threads) {
      const [what, a, b] = program.code[thread] as [number, number, number];
      const c = chars[at] as number;
      if (what === code.set && program.ranges.slice(a, b).some(([first, last]) => first <= c && c <= last))
        follow(program, thread + 1, chars, at + 1, next);
    }
    threads = next;
  }
  return threads.has(program.code.length - 1);
}

/** Adds the threads that `start` leads to without reading a character. */
function follow(
  program: RegexProgram,
  start: number,
  chars: readonly number[],
  at: number,
  threads: Set<number>,
): void {
  const todo = [start];
  for (let thread = todo.pop(); thread !== undefined; thread = todo.pop()) {
    if (threads.has(thread)) continue;
    threads.add(thread);
    const [what, a, b] = program.code[thread] as [number, number, number];
    if (what === code.split) todo.push(a, b);
    else if (what === code.jump) todo.push(a);
    else if (what === code.assert && holds(a, chars[at - 1], chars[at])) todo.push(thread + 1);
  }
}

const isWord = (c: number | undefined): boolean => c !== undefined && /\w/.test(String.fromCodePoint(c));

/** An assertion between two characters; undefined is an end of the text. */
function holds(assertion: number, before: number | undefined, after: number | undefined): boolean {
  const newline = 10;
  return [
    before === undefined,
    after === undefined,
    before === undefined || before === newline,
    after === undefined || after === newline,
    isWord(before) !== isWord(after),
    isWord(before) === isWord(after),
  ][assertion] as boolean;
}
