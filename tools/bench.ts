/**
 * `npm run bench [-- FILTER]`: the panel's models against ONNX Runtime, in turns, sizes fixed as a user would fix them. Ends with
 * `N passed, N failed` and the geometric mean of the ratios (above 1: we are faster); a full run writes `docs/benchmarks.md`.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { execa } from "execa";
import { dimFlags } from "./data/dim_flags.ts";
import { layOutPanel, matching, type PanelModel } from "./data/panel.ts";

interface Options {
  readonly threads: string;
  readonly json?: string;
}

interface Row {
  readonly name: string;
  readonly status: "passed" | "failed";
  readonly reason: string;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
}

interface Report {
  readonly diagnostics?: readonly { readonly code: string; readonly message: string }[];
  readonly results: readonly {
    readonly engine: string;
    readonly version: string;
    readonly seconds: { readonly median: number };
    readonly ratio: number;
  }[];
}

const onnxidize = fileURLToPath(new URL("../bin/onnxidize.js", import.meta.url));
const milliseconds = (s: number): string => (s > 0 ? `${(s * 1e3).toPrecision(3)} ms` : "");
const geomean = (rows: readonly Row[]): number =>
  Math.exp(rows.reduce((n, r) => n + Math.log(r.ratio), 0) / Math.max(1, rows.length));

async function main(words: readonly string[], options: Options): Promise<void> {
  const { models, failures } = await layOutPanel((e) => e.family !== "light" && matching(words)(e));
  const rows: Row[] = failures.map((f) => ({
    name: f.name,
    status: "failed",
    reason: f.reason,
    ours: 0,
    theirs: 0,
    ratio: Number.NaN,
  }));
  for (const model of models) {
    const row = await time(model, options);
    rows.push(row);
    console.log(
      `${row.name.padEnd(22)} ${milliseconds(row.ours).padEnd(10)} ORT ${milliseconds(row.theirs).padEnd(10)} ${row.status === "passed" ? row.ratio.toFixed(2) : row.reason}`,
    );
  }
  const timed = rows.filter((r) => r.status === "passed");
  if (options.json) writeFileSync(options.json, `${JSON.stringify(rows, null, 2)}\n`);
  if (words.length === 0) writeFileSync(new URL("../docs/benchmarks.md", import.meta.url), document(rows, options));
  console.log(`geomean ${geomean(timed).toFixed(2)}`);
  console.log(`${timed.length} passed, ${rows.length - timed.length} failed`);
  process.exitCode = timed.length === rows.length ? 0 : 1;
}

async function time(model: PanelModel, options: Options): Promise<Row> {
  const [first] = model.cases;
  const args = [
    "bench",
    model.modelPath,
    "--inputs",
    first.inputs,
    ...dimFlags(model, first),
    "--threads",
    options.threads,
    "--json",
  ];
  const none = { name: model.name, status: "failed" as const, ours: 0, theirs: 0, ratio: Number.NaN };
  const { stdout, stderr } = await execa("node", [onnxidize, ...args], { reject: false, timeout: 900_000 });
  if (stdout.trim() === "") return { ...none, reason: stderr.slice(-200) };
  const report = JSON.parse(stdout) as Report;
  if (report.diagnostics)
    return {
      ...none,
      reason: report.diagnostics
        .map((d) => `${d.code}: ${d.message}`)
        .join("; ")
        .slice(0, 200),
    };
  const [ours, theirs] = report.results;
  if (!ours || !theirs) return { ...none, reason: "no result" };
  return {
    name: model.name,
    status: "passed",
    reason: "",
    ours: ours.seconds.median,
    theirs: theirs.seconds.median,
    ratio: theirs.ratio,
  };
}

function document(rows: readonly Row[], options: Options): string {
  const timed = rows.filter((r) => r.status === "passed");
  return [
    "# Benchmarks",
    "",
    `Written by \`npm run bench -- --threads ${options.threads}\` on ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? "an unknown processor"}: the panel's models and ONNX Runtime (all`,
    "optimisations) on the same inputs and threads, five turns each, medians. *ratio* above 1: we are faster.",
    "",
    "| model | onnxidize | ONNX Runtime | ratio |",
    "|---|---:|---:|---:|",
    ...rows.map(
      (r) =>
        `| ${r.name} | ${milliseconds(r.ours)} | ${milliseconds(r.theirs)} | ${r.status === "passed" ? r.ratio.toFixed(2) : r.reason.replaceAll("|", "/")} |`,
    ),
    "",
    `Geometric mean over ${timed.length} models: ${geomean(timed).toFixed(2)}.`,
    "",
  ].join("\n");
}

await new Command("bench")
  .argument("[filter...]", "parts of names, or families: vision, sound, text, twin")
  .option("--threads <n>", "threads of both engines", "1")
  .option("--json <file>", "write the rows, too")
  .action(main)
  .parseAsync();
