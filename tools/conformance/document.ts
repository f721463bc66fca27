/** `docs/conformance.md` and `docs/operators.md`: what passes, by operator, and what every operator is. */
import { writeFileSync } from "node:fs";
import { loadModel } from "../../src/frontend/load_model.ts";
import type { OnnxGraph } from "../../src/frontend/onnx_model.ts";
import { operators } from "../../src/ops/index.ts";
import type { SuiteCase } from "../data/onnx_suite.ts";
import type { Mode } from "./modes.ts";

export interface Result {
  readonly case: SuiteCase;
  readonly problem: string | undefined;
}

const page = (name: string): URL => new URL(`../../docs/${name}`, import.meta.url);
const cell = (text: string): string => text.replaceAll("|", "/").replaceAll("\n", " ").trim();

/** Operators of a graph and of those inside of it. */
function operatorsOf(graph: OnnxGraph, into = new Set<string>()): Set<string> {
  for (const node of graph.nodes) {
    into.add(`${node.domain ? `${node.domain}.` : ""}${node.opType}`);
    for (const a of node.attributes) if (a.kind === "graph") operatorsOf(a.value, into);
  }
  return into;
}

export function writeConformance(results: readonly Result[], mode: Mode): void {
  const byOperator = new Map<string, { passed: number; all: number }>();
  for (const r of results)
    for (const op of operatorsOf(loadModel(r.case.modelPath).graph)) {
      const row = byOperator.get(op) ?? { passed: 0, all: 0 };
      byOperator.set(op, { passed: row.passed + (r.problem === undefined ? 1 : 0), all: row.all + 1 });
    }
  const kinds = [...new Set(results.map((r) => r.case.kind))].map((kind) => {
    const of = results.filter((r) => r.case.kind === kind);
    return `| ${kind} | ${of.filter((r) => r.problem === undefined).length} | ${of.length} |`;
  });
  const failures = results.filter((r) => r.problem !== undefined);
  const lines = [
    "# Conformance",
    "",
    `Written by \`npm run conformance -- --write-docs\`: the official suite of ONNX 1.22.0, every case compiled to Rust with all`,
    `optimisations on, built and run, ${mode} mode. rtol 1e-3, atol 1e-7, dtype and shape exact, 16-bit brain floats and narrower exact.`,
    "Random generators are judged by what every draw has in common, Fourier transforms at atol 1e-6 (the stored values hold the noise",
    "of a float32 transform): by the operators that a case contains, never by its name (`tools/conformance/judge.ts`).",
    "",
    `**${results.length - failures.length} of ${results.length} pass.**`,
    "",
    "| kind | passed | cases |",
    "|---|---:|---:|",
    ...kinds,
    "",
    "## Failures",
    "",
    "| case | reason |",
    "|---|---|",
    ...failures.map((r) => `| ${r.case.kind}/${r.case.name} | ${cell(r.problem as string).slice(0, 200)} |`),
    "",
    "## By operator",
    "",
    "Cases that contain the operator.",
    "",
    "| operator | passed | cases |",
    "|---|---:|---:|",
    ...[...byOperator].sort(([a], [b]) => (a < b ? -1 : 1)).map(([op, r]) => `| ${op} | ${r.passed} | ${r.all} |`),
    "",
  ];
  writeFileSync(page("conformance.md"), lines.join("\n"));
  writeFileSync(
    page("conformance_failures.txt"),
    failures.map((r) => `${r.case.kind}/${r.case.name}: ${cell(r.problem as string).slice(0, 140)}\n`).join(""),
  );
}

export function writeOperators(): void {
  const rows = operators
    .flatMap((op) => (op.onnx ? [{ op, onnx: op.onnx }] : []))
    .map(({ op, onnx }) => ({ name: `${onnx.domain ? `${onnx.domain}.` : ""}${onnx.type}`, op, onnx }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = [
    "# Operators",
    "",
    "Written by `npm run conformance -- --write-docs` from the operators' own files. *Kernel* operators have one of their own, the",
    "others are written in terms of others. *Error* bounds the kernel's numerics.",
    "",
    `${rows.length} operators.`,
    "",
    "| operator | versions | by | error | what it is |",
    "|---|---|---|---|---|",
    ...rows.map(
      ({ name, op, onnx }) =>
        `| [${name}](../src/ops) | ${onnx.since.join(", ")} | ${op.lower ? "kernel" : "decomposition"} | ${cell(op.error ?? "")} | ${cell(op.summary)} |`,
    ),
    "",
  ];
  writeFileSync(page("operators.md"), lines.join("\n"));
}
