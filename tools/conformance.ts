/** `npm run conformance [-- FILTER]`: the official ONNX suite, compiled and run. Ends with `N passed, N failed`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { runBatch } from "./conformance/batch.ts";
import { type Result, writeConformance, writeOperators } from "./conformance/document.ts";
import { interpretCase } from "./conformance/interpret_case.ts";
import type { Mode } from "./conformance/modes.ts";
import { cacheFolder } from "./data/cache_folder.ts";
import { folderCases, type SuiteCase, suite } from "./data/onnx_suite.ts";

interface Options {
  readonly folder?: string;
  readonly mode: Mode;
  readonly interpret?: boolean;
  readonly verbose?: boolean;
  readonly work?: string;
  readonly known?: string;
  readonly writeDocs?: boolean;
}

async function main(filters: readonly string[], options: Options): Promise<void> {
  const all = options.folder ? folderCases(options.folder) : await suite();
  const cases =
    filters.length === 0 ? all : all.filter((c) => filters.some((f) => new RegExp(f).test(`${c.kind}/${c.name}`)));
  const known = new Set(
    options.known
      ? readFileSync(options.known, "utf8")
          .split("\n")
          .map((l) => l.split(":")[0]?.trim())
      : [],
  );
  let passed = 0;
  let failed = 0;
  let regressions = 0;
  const results: Result[] = [];
  const tell = (c: SuiteCase, problem: string | undefined): void => {
    const name = `${c.kind}/${c.name}`;
    results.push({ case: c, problem });
    if (problem === undefined) passed++;
    else failed++;
    if (problem !== undefined && !known.has(name)) regressions++;
    if (problem !== undefined) console.log(`FAILED ${name}: ${problem}`);
    else if (options.verbose) console.log(`passed ${name}`);
  };
  if (options.interpret)
    for (const c of cases)
      tell(
        c,
        attempt(() => interpretCase(c, options.mode)),
      );
  else {
    const folder = options.work ?? cacheFolder("conformance");
    for (let at = 0; at < cases.length; at += batchSize) {
      const batch = cases.slice(at, at + batchSize);
      process.stderr.write(`cases ${at + 1} to ${at + batch.length} of ${cases.length}\n`);
      for (const o of await runBatch(
        batch,
        options.mode,
        join(folder, `batch_${at / batchSize}`),
        join(folder, "target"),
      ))
        tell(o.case, o.problem);
    }
  }
  if (options.writeDocs) {
    writeConformance(results, options.mode);
    writeOperators();
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (options.known)
    console.log(`${failed - regressions} of the failures are listed in ${options.known}, ${regressions} are new`);
  process.exitCode = regressions > 0 ? 1 : 0;
}

/** Cases in one crate: larger ones share more, smaller ones need less memory. */
const batchSize = 150;

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
  .option("--work <dir>", "where crates are generated and built (default: the user's cache folder)")
  .option("--write-docs", "write docs/conformance.md, docs/conformance_failures.txt and docs/operators.md")
  .option("--known <file>", "cases known to fail, one `KIND/NAME: reason` to a line: only others make the exit code 1")
  .option("--verbose", "list cases that pass, too")
  .action(main)
  .parseAsync();
