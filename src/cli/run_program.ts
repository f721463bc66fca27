/** Running a compiled program: inputs in by a file, results and times out. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { Diagnosed, type Diagnostic, diagnostic } from "../diagnostics/report.ts";
import type { DType } from "../ir/dtype.ts";
import { isTensor, type RuntimeValue, type Tensor } from "../ir/tensor.ts";
import { asDeclared } from "../tensorfile/element_types.ts";
import { entriesOf, readNpz, valueAt } from "../tensorfile/npz.ts";
import { positional } from "./golden.ts";
import type { OpenModel } from "./model.ts";
import type { Program } from "./program.ts";
import type { Session } from "./session.ts";
import { toolEnvironment } from "./toolchain.ts";

export interface RunRequest {
  readonly inputs: readonly RuntimeValue[];
  /** Files of pictures, by position of the input: their values are null. */
  readonly pictures?: ReadonlyMap<number, string>;
  readonly repeat: number;
  readonly threads: number;
}

export interface Output {
  readonly name: string;
  readonly value: RuntimeValue;
  /** The arrays that it consists of: one for a tensor, `NAME.0` … for a sequence. */
  readonly entries: readonly (readonly [string, Tensor])[];
}

export interface RunResult {
  readonly outputs: readonly Output[];
  readonly seconds: Readonly<Record<"load" | "first" | "min" | "median" | "p90", number>>;
  readonly peakRss: number;
  readonly threads: number;
  readonly isa: string;
}

/** What a generated program prints with `--json`. */
interface ProgramReport {
  readonly seconds: RunResult["seconds"];
  readonly bytes: { readonly peakRss: number };
  readonly threads: number;
  readonly isa: string;
}

/** Runs `program`. Throws E0520 where the model refuses the inputs, E0521 where the program crashes. */
export async function runProgram(
  session: Session,
  opened: OpenModel,
  program: Program,
  request: RunRequest,
): Promise<RunResult> {
  session.progress.begin("run");
  const folder = mkdtempSync(join(tmpdir(), "onnxidize-"));
  const done = session.onFailure(() => rmSync(folder, { recursive: true, force: true }));
  const [inputs, outputs] = [join(folder, "inputs.npz"), join(folder, "outputs.npz")];
  writeFileSync(inputs, positional(request.inputs));
  const weights = program.info.weightsEmbedded ? [] : ["--weights", join(program.folder, "weights.bin")];
  const pictures = [...(request.pictures ?? [])].flatMap(([index, path]) => ["--input", `${index}=${path}`]);
  const numbers = ["--repeat", String(request.repeat), "--threads", String(request.threads)];
  const result = await execa(
    program.path,
    ["--json", "--inputs", inputs, "--save", outputs, ...pictures, ...numbers, ...weights],
    {
      cwd: folder,
      env: toolEnvironment(session.host.env, false),
      extendEnv: false,
      reject: false,
      stdin: "ignore",
      cancelSignal: session.signal,
      forceKillAfterDelay: 3000,
    },
  );
  session.check();
  if (result.exitCode !== 0) throw new Diagnosed(stopped(result, opened.file));
  const arrays = readNpz(readFileSync(outputs));
  done();
  rmSync(folder, { recursive: true, force: true });
  const report = JSON.parse(result.stdout) as ProgramReport;
  session.progress.end();
  return { ...report, peakRss: report.bytes.peakRss, outputs: outputsOf(arrays, program) };
}

/** The program's own words for a model that refuses its inputs; everything else is a crash. */
function stopped(result: Ended, file: string): Diagnostic {
  if (result.exitCode === 3 && result.stdout.startsWith("{")) {
    const { error } = JSON.parse(result.stdout) as { error: { node: string; message: string } };
    return diagnostic("E0520", { message: error.message }, error.node, file);
  }
  const how = result.signal ?? `exit code ${result.exitCode}`;
  const said = result.stderr.trim().split("\n").slice(0, 3).join(" ");
  return diagnostic("E0521", { how, message: said || "it said nothing" }, "", file);
}

interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** The outputs by the names that the program has for them, with the element types that were inferred. */
function outputsOf(arrays: ReadonlyMap<string, Tensor>, program: Program): Output[] {
  return program.info.outputs.map(({ name, type }, i) => {
    const value = valueAt(arrays, String(i)) ?? (type.startsWith("seq(") ? { kind: "sequence", elements: [] } : null);
    const dtype = /(\w+)\[/.exec(type)?.[1] as DType;
    const typed = retyped(value, dtype);
    return { name, value: typed, entries: entriesOf(name, typed) };
  });
}

/** Files keep narrow element types as their bits: the values that they stand for. */
function retyped(value: RuntimeValue, dtype: DType): RuntimeValue {
  if (value === null) return null;
  if (isTensor(value)) return asDeclared(value, dtype);
  if (value.kind === "map") return { ...value, values: retyped(value.values, dtype) };
  return { ...value, elements: value.elements.map((e) => retyped(e, dtype)) };
}
