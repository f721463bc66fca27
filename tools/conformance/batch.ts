/**
 * Many cases compiled into one crate, a module each, built once and run in one process: cargo's start-up and the
 * runtime's compilation are paid once for hundreds of models.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { embedLimit } from "../../src/codegen/emit.ts";
import { compileModel } from "../../src/compile.ts";
import { loadModel } from "../../src/frontend/load_model.ts";
import type { OnnxModel } from "../../src/frontend/onnx_model.ts";
import type { RuntimeValue } from "../../src/ir/tensor.ts";
import { readNpz, writeNpz } from "../../src/tensorfile/npz.ts";
import type { SuiteCase } from "../data/onnx_suite.ts";
import { readCaseData } from "./case_data.ts";
import { judge } from "./judge.ts";
import { inMode, type Mode } from "./modes.ts";
import { fromArrays, toArrays } from "./values.ts";

export interface Outcome {
  readonly case: SuiteCase;
  /** Undefined if the case passed. */
  readonly problem: string | undefined;
}

interface Prepared {
  readonly case: SuiteCase;
  readonly module: string;
  readonly model: OnnxModel;
  /** The constants' file, where they are too large to be part of the program. */
  readonly weights: readonly string[];
  readonly sets: readonly {
    readonly inputs: string;
    readonly outputs: string;
    readonly expected: readonly RuntimeValue[];
  }[];
}

const runtime = new URL("../../runtime-rs", import.meta.url).pathname;

/** Compiles, builds and runs `cases` as one crate in `folder`. */
export async function runBatch(
  cases: readonly SuiteCase[],
  mode: Mode,
  folder: string,
  targetDir: string,
): Promise<Outcome[]> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "src"), { recursive: true });
  const outcomes: Outcome[] = [];
  const prepared: Prepared[] = [];
  for (const [i, c] of cases.entries()) {
    try {
      prepared.push(prepare(c, mode, folder, `case_${i}`));
    } catch (error) {
      outcomes.push({ case: c, problem: `compile: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  const built = await build(prepared, folder, targetDir);
  for (const p of prepared) {
    const broken = built.broken.get(p.module);
    outcomes.push({ case: p.case, problem: broken === undefined ? await run(p, built.program) : `rustc: ${broken}` });
  }
  return outcomes;
}

function prepare(c: SuiteCase, mode: Mode, folder: string, module: string): Prepared {
  const loaded = loadModel(c.modelPath);
  const sets = c.dataSets.map((set, i) => {
    const data = readCaseData(loaded, set);
    const { model, args } = inMode(loaded, mode, data.inputs);
    const inputs = join(folder, `${module}_${i}.in.npz`);
    writeFileSync(inputs, writeNpz(toArrays(args)));
    return { inputs, outputs: join(folder, `${module}_${i}.out.npz`), expected: data.outputs, model };
  });
  const model = sets[0]?.model ?? loaded;
  const compiled = compileModel(model, { source: c.name, version: "0", weightsPath: `${module}.bin` });
  writeFileSync(join(folder, "src", `${module}.rs`), compiled.module.rust);
  const file = openSync(join(folder, "src", `${module}.bin`), "w");
  for (const piece of compiled.module.weights.pieces()) writeSync(file, piece);
  closeSync(file);
  const weights = compiled.module.weightBytes > embedLimit ? [join(folder, "src", `${module}.bin`)] : [];
  return { case: c, module, model, weights, sets };
}

interface Built {
  readonly program: string;
  /** Modules that rustc refuses, with the first message. */
  readonly broken: Map<string, string>;
}

/** Builds; modules that do not compile are taken out and the rest is built again. */
async function build(prepared: readonly Prepared[], folder: string, targetDir: string): Promise<Built> {
  const broken = new Map<string, string>();
  writeFileSync(
    join(folder, "Cargo.toml"),
    `[package]\nname = "conformance"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\nonnxidize-runtime = { path = ${JSON.stringify(runtime)} }\n[profile.dev]\ndebug = 0\nincremental = false\n[profile.dev.package.onnxidize-runtime]\nopt-level = 2\n[workspace]\n`,
  );
  for (let attempt = 0; attempt < 4; attempt++) {
    writeFileSync(join(folder, "src", "main.rs"), mainRust(prepared.filter((p) => !broken.has(p.module))));
    const result = await execa("cargo", ["build", "--offline", "--message-format=json"], {
      cwd: folder,
      env: { CARGO_TARGET_DIR: targetDir, RUSTFLAGS: "-Awarnings" },
      reject: false,
    });
    const program = join(targetDir, "debug", "conformance");
    if (result.exitCode === 0) return { program, broken };
    const before = broken.size;
    for (const line of result.stdout.split("\n")) recordError(line, broken);
    if (broken.size === before) throw new Error(`cargo failed:\n${result.stderr.slice(0, 4000)}`);
  }
  throw new Error("the batch does not build even without the modules that failed");
}

function recordError(line: string, broken: Map<string, string>): void {
  if (!line.includes('"level":"error"')) return;
  const message = (
    JSON.parse(line) as { message: { message: string; rendered: string; spans: { file_name: string }[] } }
  ).message;
  const module =
    /(case_\d+)\.rs/.exec(message.spans.map((s) => s.file_name).join(" ") || message.rendered)?.[1] ??
    /(case_\d+)\.rs/.exec(message.rendered)?.[1];
  if (module && !broken.has(module)) broken.set(module, message.rendered.slice(0, 600));
}

function mainRust(modules: readonly Prepared[]): string {
  const arms = modules.map((p) => `        "${p.module}" => rt::cli::run_once::<${p.module}::Model>(weights, inputs),`);
  return `use onnxidize_runtime as rt;
${modules.map((p) => `mod ${p.module};`).join("\n")}
fn run(name: &str, weights: Option<&[u8]>, inputs: &[u8]) -> rt::Result<Vec<u8>> {
    match name {
${arms.join("\n")}
        _ => unreachable!(),
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let weights = a.get(4).map(|p| std::fs::read(p).unwrap());
    match run(&a[1], weights.as_deref(), &std::fs::read(&a[2]).unwrap()) {
        Ok(bytes) => std::fs::write(&a[3], bytes).unwrap(),
        Err(e) => {
            eprintln!("{e}");
            std::process::exit(1);
        }
    }
}
`;
}

async function run(p: Prepared, program: string): Promise<string | undefined> {
  for (const set of p.sets) {
    const result = await execa(program, [p.module, set.inputs, set.outputs, ...p.weights], {
      reject: false,
      timeout: 120_000,
    });
    if (result.exitCode !== 0) return `run: ${result.stderr.slice(0, 500)}`;
    const found = fromArrays(readNpz(readFileSync(set.outputs)), p.model);
    const problem = judge(p.model, found, set.expected, p.case);
    if (problem) return problem;
  }
  return undefined;
}
