/** Results of a run for people, and as an archive. */
import { writeFileSync } from "node:fs";
import { Diagnosed, diagnostic, printable } from "../diagnostics/report.ts";
import { reason } from "../frontend/byte_source.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { outputEntries, writeNpz } from "../tensorfile/npz.ts";
import type { RunResult } from "./run_program.ts";
import type { Session } from "./session.ts";

/** Writes the outputs, by position and by name. Throws E0507. */
export function saveResults(session: Session, file: string, result: RunResult): void {
  const names = result.outputs.map((o) => o.name);
  const values = result.outputs.map((o) => o.value);
  try {
    writeFileSync(session.path(file), writeNpz(outputEntries(names, values)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new Diagnosed(diagnostic("E0507", { path: file, why: reason(error) }));
  }
}

/** Each output with its first elements, and the times. */
export function resultTable(result: RunResult): string {
  const rows = result.outputs.flatMap((o) => (o.entries.length === 0 ? [[o.name, "nothing"]] : o.entries.map(row)));
  const width = Math.max(0, ...rows.map(([name]) => (name as string).length));
  const lines = rows.map(([name, text]) => `${(name as string).padEnd(width)}  ${text}`);
  const { first, min, median, p90 } = result.seconds;
  const times = `first run ${milliseconds(first)}; min ${milliseconds(min)}, median ${milliseconds(median)}, p90 ${milliseconds(p90)}`;
  return [
    ...lines,
    "",
    `${times} (${result.threads === 1 ? "1 thread" : `${result.threads} threads`}, ${result.isa})`,
  ].join("\n");
}

const row = ([name, t]: readonly [string, Tensor]): string[] => [
  printable(name),
  `${t.dtype}[${t.shape.join(", ")}] = ${preview(t)}`,
];

/** So many elements are shown. */
const shown = 8;

function preview(t: Tensor): string {
  const per = t.dtype === "c64" || t.dtype === "c128" ? 2 : 1;
  const count = Math.min(shown, sizeOf(t.shape)) * per;
  const items = Array.from({ length: count }, (_, i) => elementText(t, i));
  return `[${items.join(", ")}${sizeOf(t.shape) > shown ? ", …" : ""}]`;
}

function elementText(t: Tensor, i: number): string {
  const x = t.data[i] as number | bigint | string;
  if (typeof x === "string") return JSON.stringify(x);
  if (t.dtype === "bool") return x === 1 ? "true" : "false";
  return typeof x === "number" && !Number.isInteger(x) ? String(Number(x.toPrecision(6))) : String(x);
}

const milliseconds = (seconds: number): string => `${(seconds * 1000).toPrecision(4)} ms`;
