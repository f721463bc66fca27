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

export function runPasses(program: Program, passes: readonly Pass[], without: ReadonlySet<string>, trace?: Trace): Program {
  verify(program.main, "import");
  let current = program;
  for (const pass of passes) {
    if (pass.optional && without.has(pass.name)) continue;
    const start = performance.now();
    const next = pass.run(current);
    if (next !== current) verify(next.main, pass.name);
    current = next;
    trace?.(pass, current, (performance.now() - start) / 1000);
  }
  return current;
}
