/** `npm run conformance [-- FILTER]`: the official ONNX suite, compiled and run. Ends with `N passed, N failed`. */
import { Command } from "commander";
import { interpretCase } from "./conformance/interpret_case.ts";
import type { Mode } from "./conformance/modes.ts";
import { folderCases, suite } from "./data/onnx_suite.ts";

interface Options {
  readonly folder?: string;
  readonly mode: Mode;
  readonly interpret?: boolean;
  readonly verbose?: boolean;
}

async function main(filters: readonly string[], options: Options): Promise<void> {
  const all = options.folder ? folderCases(options.folder) : await suite();
  const cases = filters.length === 0 ? all : all.filter((c) => filters.some((f) => new RegExp(f).test(`${c.kind}/${c.name}`)));
  let passed = 0;
  let failed = 0;
  for (const c of cases) {
    const problem = attempt(() => interpretCase(c, options.mode));
    if (problem === undefined) passed++;
    else failed++;
    if (problem !== undefined) console.log(`FAILED ${c.kind}/${c.name}: ${problem}`);
    else if (options.verbose) console.log(`passed ${c.kind}/${c.name}`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function attempt(run: () => string | undefined): string | undefined {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

await new Command("conformance")
  .argument("[filter...]", "regular expressions over KIND/NAME; all cases without one")
  .option("--folder <dir>", "a folder in the layout of ONNX's backend test data")
  .option("--mode <mode>", "static, symbolic (all dims unknown) or constant (all inputs constants)", "static")
  .option("--interpret", "run by the interpreter instead of compiling")
  .option("--verbose", "list cases that pass, too")
  .action(main)
  .parseAsync();
