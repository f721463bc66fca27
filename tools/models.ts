/**
 * `npm run models [-- FILTER]`: every model of the panel compiled, built, run on real or realistic inputs and compared with
 * ONNX Runtime, through the command line that users have. Prints a table and, for the whole panel, writes `docs/models.md`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { execa } from "execa";
import { isTensor, type Tensor } from "../src/ir/tensor.ts";
import { outputsFrom, readNpz } from "../src/tensorfile/npz.ts";
import { dimFlags } from "./data/dim_flags.ts";
import { judge, layOutPanel, matching, type PanelCase, type PanelModel } from "./data/panel.ts";

interface Options {
  readonly json?: string;
  readonly threads: string;
}

interface Row {
  readonly name: string;
  readonly status: "passed" | "failed" | "unsupported";
  readonly reason: string;
  /** Largest |result − expected| of any case, relative to the largest |expected| of its output. */
  readonly error: number;
  /** What the outputs say in words, where a person can judge. */
  readonly says: string;
  readonly seconds: { readonly compile: number; readonly cargo: number; readonly median: number };
  readonly bytes: { readonly arena: number; readonly weights: number; readonly code: number };
}

interface RunReport {
  readonly ok?: boolean;
  readonly diagnostics?: readonly { readonly code: string; readonly message: string; readonly node: string }[];
  readonly seconds: { readonly compile: number; readonly cargo: number; readonly median: number };
  readonly bytes: { readonly arena: number; readonly weights: number; readonly code: number };
}

const onnxidize = fileURLToPath(new URL("../bin/onnxidize.js", import.meta.url));
const none = { seconds: { compile: 0, cargo: 0, median: 0 }, bytes: { arena: 0, weights: 0, code: 0 } };

async function main(words: readonly string[], options: Options): Promise<void> {
  const { models, failures } = await layOutPanel((e) => e.family !== "twin" && matching(words)(e));
  const rows: Row[] = failures.map((f) => ({
    name: f.name,
    status: "failed",
    reason: `cannot be made: ${f.reason}`,
    error: Number.NaN,
    says: "",
    ...none,
  }));
  for (const f of rows) console.log(line(f));
  for (const model of models) {
    const row = await check(model, options);
    rows.push(row);
    console.log(line(row));
  }
  if (options.json) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (words.length === 0) writeFileSync(new URL("../docs/models.md", import.meta.url), document(rows));
  const passed = rows.filter((r) => r.status === "passed").length;
  console.log(`${passed} passed, ${rows.length - passed} failed`);
  process.exitCode = passed === rows.length ? 0 : 1;
}

const milliseconds = (s: number): string => (s > 0 ? `${(s * 1e3).toPrecision(3)} ms` : "");
const line = (r: Row): string =>
  [
    r.status.padEnd(11),
    r.name.padEnd(22),
    (Number.isNaN(r.error) ? "" : r.error.toExponential(1)).padEnd(8),
    milliseconds(r.seconds.median).padEnd(9),
    r.says || r.reason,
  ]
    .join(" ")
    .trimEnd();

async function check(model: PanelModel, options: Options): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), "onnxidize-models-"));
  try {
    let report: RunReport | undefined;
    let error = 0;
    const says: string[] = [];
    let fixed: readonly string[] = [];
    const scales = scalesOf(model);
    for (const c of model.cases) {
      const saved = join(folder, `${c.name}.npz`);
      let found = await run(model, c, saved, options, fixed);
      // Sizes that decide on ranks have to be known: say them, as a user would.
      if (found.diagnostics?.some((d) => d.code === "E0205") && fixed.length === 0) {
        fixed = dimFlags(model, c);
        found = await run(model, c, saved, options, fixed);
      }
      report ??= found;
      if (found.diagnostics)
        return {
          ...none,
          name: model.name,
          status: found.diagnostics.some((d) => d.code === "E0150" || d.code === "E0205" || d.code === "E0401")
            ? "unsupported"
            : "failed",
          reason: found.diagnostics
            .map((d) => `${d.code}: ${d.message}`)
            .join("; ")
            .slice(0, 300),
          error: Number.NaN,
          says: "",
        };
      const outputs = outputsOf(saved, model);
      const difference = compare(outputs, outputsOf(c.expected, model), scales, model.tolerance);
      error = Math.max(error, difference.error);
      if (difference.problem)
        return {
          name: model.name,
          status: "failed",
          reason: `${c.name}: ${difference.problem}`,
          error,
          says: "",
          seconds: found.seconds,
          bytes: found.bytes,
        };
      if (!c.verdict) continue;
      const verdict = await judge(model, c, outputs);
      if (!verdict.right)
        return {
          name: model.name,
          status: "failed",
          reason: `${c.name}: says ${verdict.says}, expected ${verdict.wanted}`,
          error,
          says: verdict.says,
          seconds: found.seconds,
          bytes: found.bytes,
        };
      says.push(verdict.says);
    }
    const { seconds, bytes } = report ?? none;
    return {
      name: model.name,
      status: "passed",
      reason: "",
      error,
      says: says.join(" · ").slice(0, 160),
      seconds,
      bytes,
    };
  } catch (e) {
    return {
      ...none,
      name: model.name,
      status: "failed",
      reason: (e instanceof Error ? e.message : String(e)).slice(0, 300),
      error: Number.NaN,
      says: "",
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  model: PanelModel,
  c: PanelCase,
  saved: string,
  options: Options,
  fixed: readonly string[],
): Promise<RunReport> {
  const args = [
    "run",
    model.modelPath,
    "--inputs",
    c.inputs,
    "--save",
    saved,
    "--json",
    "--threads",
    options.threads,
    "--repeat",
    "5",
    ...fixed,
  ];
  const { stdout, stderr } = await execa("node", [onnxidize, ...args], { reject: false, timeout: 900_000 });
  if (stdout.trim() === "") throw new Error(stderr.slice(-300) || "no answer");
  return JSON.parse(stdout) as RunReport;
}

function outputsOf(file: string, model: PanelModel): Map<string, Tensor> {
  const values = outputsFrom(readNpz(readFileSync(file)), model.outputNames);
  return new Map(
    model.outputNames.flatMap((name, i): [string, Tensor][] => (isTensor(values[i]) ? [[name, values[i]]] : [])),
  );
}

/** The largest value that each output has in any case. */
function scalesOf(model: PanelModel): Map<string, number> {
  const scales = new Map<string, number>();
  for (const c of model.cases)
    for (const [name, t] of outputsOf(c.expected, model))
      for (const x of t.data as Iterable<number>)
        if (Number.isFinite(Number(x))) scales.set(name, Math.max(scales.get(name) ?? 0, Math.abs(Number(x))));
  return scales;
}

/** Tolerance relative to each output's scale, as the panel has it. */
function compare(
  found: ReadonlyMap<string, Tensor>,
  expected: ReadonlyMap<string, Tensor>,
  scales: ReadonlyMap<string, number>,
  { rtol, atol }: PanelModel["tolerance"],
): { error: number; problem?: string } {
  let worst = 0;
  for (const [name, e] of expected) {
    const f = found.get(name);
    if (!f || f.dtype !== e.dtype || f.shape.join() !== e.shape.join())
      return {
        error: Number.NaN,
        problem: `output ${name}: expected ${e.dtype}[${e.shape}], found ${f ? `${f.dtype}[${f.shape}]` : "nothing"}`,
      };
    const scale = scales.get(name) ?? 0;
    for (let i = 0; i < e.data.length; i++) {
      const [a, b] = [Number(f.data[i]), Number(e.data[i])];
      if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      const d = Math.abs(a - b);
      worst = Math.max(worst, d / (scale || 1));
      if (!(d <= atol * scale + rtol * Math.abs(b)))
        return { error: worst, problem: `output ${name}[${i}]: expected ${b}, found ${a}` };
    }
  }
  return { error: worst };
}

function document(rows: readonly Row[]): string {
  const cells = rows.map(
    (r) =>
      `| ${r.name} | ${r.status} | ${Number.isNaN(r.error) ? "" : r.error.toExponential(1)} | ${milliseconds(r.seconds.median)} | ${r.seconds.compile.toFixed(2)} s | ${(r.bytes.arena / 1e6).toFixed(2)} MB | ${(r.says || r.reason).replaceAll("|", "/").replaceAll("\n", " ")} |`,
  );
  return [
    "# Models",
    "",
    "Written by `npm run models`: every model of the panel compiled, built, run and compared with ONNX Runtime (graph optimisations",
    "off) on the same inputs. *error* is the largest difference relative to the output's largest value; *time* is the median of five",
    "runs on one thread with sizes left symbolic, on whatever machine wrote this page; *arena* is planned memory, 0 where sizes are",
    "only known when the model runs.",
    "",
    "| model | result | error | time | compile | arena | what it says, or why it fails |",
    "|---|---|---|---|---|---|---|",
    ...cells,
    "",
    `${rows.filter((r) => r.status === "passed").length} of ${rows.length} pass.`,
    "",
  ].join("\n");
}

await new Command("models")
  .argument("[filter...]", "parts of names, or families: vision, sound, text, light")
  .option("--json <file>", "write the rows, too")
  .option("--threads <n>", "threads of each model", "1")
  .action(main)
  .parseAsync();
