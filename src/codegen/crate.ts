/**
 * All files of a generated crate as data: the module and its constants, what cargo needs, and the runtime's source, so that
 * the crate stands alone. Same model, same options: same bytes.
 */
import { type Dim, isStatic } from "../ir/dim.ts";
import type { Program, Value } from "../ir/graph.ts";
import type { Plan } from "../ir/plan.ts";
import { typeText } from "../ir/types.ts";
import { fill, type Module } from "./emit.ts";
import { interfaceOf, type Port } from "./interface.ts";
import { readmeView } from "./readme.ts";
import { call, commentText, layOut } from "./rust.ts";

/** A file of a crate. Large ones come in pieces that are made when they are written. */
export interface CrateFile {
  /** Relative, with forward slashes. */
  readonly path: string;
  readonly pieces: () => Iterable<Uint8Array>;
}

/** Inputs and the outputs that they must give, as `.npz` archives by position: the crate's own test. */
export interface Golden {
  readonly inputs: Uint8Array;
  readonly outputs: Uint8Array;
  readonly rtol: number;
  readonly atol: number;
}

export interface CrateOptions {
  /** Name of the package, library and program: `[a-z][a-z0-9_]*`. */
  readonly name: string;
  readonly version: string;
  /** `Cargo.toml` and the sources of the runtime. */
  readonly runtime: readonly CrateFile[];
  readonly golden?: Golden | undefined;
}

export const textFile = (path: string, content: string): CrateFile => ({
  path,
  pieces: () => [new TextEncoder().encode(content)],
});

/** Marks a folder as ours, and says what it was made from. */
export const buildInfoFile = "build-info.json";

/** The files of the crate, without `build-info.json`, which holds the hashes of these. */
export function crateFiles(program: Program, plan: Plan, module: Module, options: CrateOptions): CrateFile[] {
  const named = { crate: options.name, version: options.version, source: commentText(program.source) };
  const weightsPath = module.embedded ? "None" : 'Some(concat!(env!("CARGO_MANIFEST_DIR"), "/weights.bin"))';
  const run = call(`onnxidize_runtime::cli::main::<${options.name}::Model>`, [weightsPath, pictureDecoder(program)]);
  return [
    textFile("Cargo.toml", fill("cargo.toml", named)),
    textFile("Cargo.lock", fill("cargo.lock", named)),
    textFile(".gitignore", "/target\n"),
    textFile("rustfmt.toml", 'max_width = 110\nuse_small_heuristics = "Max"\n'),
    textFile("README.md", fill("readme.md", { ...named, ...readmeView(program, plan, module, options.name) })),
    textFile("src/lib.rs", module.rust),
    textFile("src/main.rs", fill("main.rs", { ...named, call: layOut(run, 1) })),
    { path: "weights.bin", pieces: () => module.weights.pieces() },
    ...options.runtime.map((f) => ({ ...f, path: `runtime/${f.path}` })),
    textFile("runtime/rustfmt.toml", "# The runtime is formatted with rustfmt's own widths.\n"),
    ...(options.golden ? goldenFiles(options.name, options.golden, weightsPath) : []),
  ];
}

/** The decoder of pictures goes only into programs that can use it: it is larger than many models. */
const pictureDecoder = (program: Program): string =>
  program.main.inputs.some(takesPicture) ? "Some(onnxidize_runtime::image::decode_common)" : "None";

/** Rows, columns and one or three channels, in either order, the extents before them being 1. */
function takesPicture({ type }: Value): boolean {
  if (type.kind !== "tensor" || !["f32", "u8"].includes(type.dtype) || !type.shape || type.shape.length < 3)
    return false;
  const [first, second, last] = type.shape.slice(-3) as [Dim, Dim, Dim];
  const outer = type.shape.slice(0, -3).every((d) => !isStatic(d) || d === 1);
  const isImage = (rows: Dim, columns: Dim, channels: Dim): boolean =>
    (channels === 1 || channels === 3) && [rows, columns].every((d) => !isStatic(d) || d >= leastPixels);
  return outer && (isImage(second, last, first) || isImage(first, second, last));
}

/** Images have at least so many rows and columns. */
const leastPixels = 8;

function goldenFiles(crate: string, golden: Golden, weightsPath: string): CrateFile[] {
  const { rtol, atol } = golden;
  const test = fill("golden.rs", { crate, weightsPath, rtol: rtol.toExponential(), atol: atol.toExponential() });
  return [
    textFile("tests/golden.rs", test),
    { path: "tests/data/inputs.npz", pieces: () => [golden.inputs] },
    { path: "tests/data/outputs.npz", pieces: () => [golden.outputs] },
  ];
}

/** What a crate was made from and what it holds. No time, no machine: the same on every run. */
export interface BuildInfo {
  readonly generator: "onnxidize";
  readonly version: string;
  /** Hash of the compiler and the runtime. */
  readonly compiler: string;
  readonly crate: string;
  /** The model's file and hash, and the options that shaped the result. */
  readonly model: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  readonly bytes: { readonly arena: number; readonly arenaLowerBound: number; readonly weights: number };
  readonly weightsEmbedded: boolean;
  /** SHA-256 of every other file. */
  readonly files: Readonly<Record<string, string>>;
}

export interface PortInfo {
  readonly name: string;
  /** In the IR's text form: `f32[N, 3]`. */
  readonly type: string;
}

export const portInfos = (ports: readonly Port[]): PortInfo[] =>
  ports.map((p) => ({ name: p.name, type: typeText(p.type) }));

/** The facts that follow from the program, for `build-info.json`. */
export function describeBuild(
  program: Program,
  plan: Plan,
  module: Module,
): Pick<BuildInfo, "inputs" | "outputs" | "bytes" | "weightsEmbedded"> {
  const io = interfaceOf(program);
  return {
    inputs: portInfos(io.inputs),
    outputs: portInfos(io.outputs),
    bytes: { arena: plan.arenaBytes, arenaLowerBound: plan.lowerBoundBytes, weights: module.weightBytes },
    weightsEmbedded: module.embedded,
  };
}
