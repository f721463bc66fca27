/** What a pass is, and running a list of them with the verifier after each. */
import type { Program } from "../ir/graph.ts";
import { verify } from "../ir/verify.ts";

export interface Pass {
  /** Verb and object, kebab case: what `--without` names. */
  readonly name: string;
  readonly summary: string;
  /** False for what later stages need: it cannot be switched off. */
  readonly optional: boolean;
  readonly run: (program: Program) => Program;
}

/** Called after each pass with its time in seconds. */
export type Trace = (pass: Pass, after: Program, seconds: number) => void;

/** Runs `passes` in order, the verifier after each; yields every pass before it runs, so that a caller can say so or stop. */
export function* passSteps(
  program: Program,
  passes: readonly Pass[],
  without: ReadonlySet<string>,
  trace?: Trace,
): Generator<Pass, Program> {
  verify(program.main, "import");
  let current = program;
  for (const pass of passes) {
    if (pass.optional && without.has(pass.name)) continue;
    yield pass;
    const start = performance.now();
    const next = pass.run(current);
    if (next !== current) verify(next.main, pass.name);
    current = next;
    trace?.(pass, current, (performance.now() - start) / 1000);
  }
  return current;
}

export function runPasses(
  program: Program,
  passes: readonly Pass[],
  without: ReadonlySet<string>,
  trace?: Trace,
): Program {
  return lastOf(passSteps(program, passes, without, trace));
}

/** Runs `steps` to their end; the result. */
export function lastOf<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value as T;
  }
}
