/** `onnxidize compare`: the compiled model's results against expected ones or against ONNX Runtime's, value by value. */
import { Command, Option } from "commander";
import { Diagnosed, diagnostic, printable } from "../../diagnostics/report.ts";
import { type Comparison, compareResults, firstDivergence } from "../comparison.ts";
import { examples } from "../help.ts";
import { openModel } from "../model.ts";
import { addInput, type ModelFlags, modelOptions, tolerance, wholeNumber, withModelOptions } from "../options.ts";
import { programFor } from "../program.ts";
import { expectedFrom, referenceFrom } from "../references.ts";
import { runProgram } from "../run_program.ts";
import type { Session, Start } from "../session.ts";
import { type GatherFlags, gather } from "./run.ts";

interface Flags extends ModelFlags, GatherFlags {
  readonly expected?: string;
  readonly against: "onnxruntime";
  readonly layers?: boolean;
  readonly rtol: number;
  readonly atol?: number;
  readonly keepEnv?: boolean;
}

export const compareCommand = (start: Start): Command =>
  withModelOptions(new Command("compare"))
    .description("compare the compiled model's outputs with expected ones or with ONNX Runtime's")
    .argument("<model>", "an .onnx or .onnxtxt file")
    .option("--inputs <file.npz>", "an array for each input, by name or by position (0, 1, …)")
    .option("--input <name=file>", "one input from a .npy, .npz or .pb file; may be repeated", addInput)
    .option("--random", "draw the inputs that are not given")
    .option("--seed <n>", "where the random numbers start", wholeNumber(0), 0)
    .option("--expected <file.npz>", "the outputs to compare with, by position or by name")
    .addOption(
      new Option("--against <engine>", "what to compare with unless --expected is given")
        .choices(["onnxruntime"])
        .default("onnxruntime"),
    )
    .option("--layers", "compare all intermediate values too, and name the first that differs")
    .option("--rtol <r>", "relative tolerance", tolerance, 1e-3)
    .option("--atol <a>", "absolute tolerance (default: 1e-5 of the largest expected magnitude)", tolerance)
    .option("--keep-env", "hand the whole environment to cargo: RUSTFLAGS, wrappers and all")
    .addHelpText(
      "after",
      examples([
        "compare digits.onnx --random",
        "compare digits.onnx --inputs in.npz --expected out.npz --rtol 1e-4",
        "compare digits.onnx --inputs in.npz --layers",
      ]),
    )
    .action((model: string, flags: Flags, command: Command) => start(command, (s) => compare(s, model, flags)));

async function compare(session: Session, file: string, flags: Flags): Promise<number> {
  const options = modelOptions(flags);
  const opened = openModel(session, file);
  const inputs = gather(session, opened, flags, options);
  const reference =
    flags.expected === undefined
      ? referenceFrom(flags.layers === true)
      : expectedFrom(session, opened, flags.expected, flags.layers === true);
  const program = await programFor(session, opened, { options, expose: reference.expose, keepEnv: flags.keepEnv });
  const threads = session.options.threads ?? 1;
  const found = await runProgram(session, opened, program, { inputs, repeat: 1, threads });
  session.progress.begin(reference.engine);
  const names = found.outputs.map((o) => o.name);
  const expected = await reference.values(opened, inputs, names);
  session.progress.end();
  const comparisons = compareResults(found.outputs, expected, opened.model, flags);
  const first = firstDivergence(comparisons, opened.model);
  const outputs = comparisons.slice(0, opened.model.graph.outputs.length);
  const layers = comparisons.slice(outputs.length);
  const problems = first ? [divergence(comparisons, first, file)] : [];
  session.document({
    model: file,
    ok: first === undefined,
    reference: { engine: reference.engine, version: await reference.version() },
    tolerance: { rtol: flags.rtol, atol: flags.atol ?? null },
    outputs,
    ...(flags.layers ? { layers } : {}),
    firstDivergence: first ? { name: first.name, node: first.node, op: first.op } : null,
    diagnostics: problems,
  });
  session.print(table(flags.layers ? [...layers, ...outputs] : outputs));
  if (!session.json) session.report(problems);
  return first ? new Diagnosed(...problems).exitCode : 0;
}

function divergence(all: readonly Comparison[], first: Comparison, file: string): ReturnType<typeof diagnostic> {
  const bad = all.filter((c) => !c.ok);
  const params = { count: bad.length, total: all.length, name: first.name, problem: first.problem ?? "", op: first.op };
  return diagnostic("E0530", params, first.node, file);
}

/** A row a value, in the order in which they are computed. */
function table(rows: readonly Comparison[]): string {
  const cells = rows.map((r) => [
    r.ok ? "ok  " : "DIFF",
    printable(r.name),
    r.type,
    `max abs ${number(r.maxAbsError)}`,
    `max rel ${number(r.maxRelError)}`,
    r.problem ?? "",
  ]);
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(0, ...cells.map((c) => (c[i] as string).length)));
  return cells
    .map((c) =>
      c
        .map((t, i) => t.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const number = (x: number | null): string => (x === null ? "—" : x === 0 ? "0" : x.toExponential(2));
