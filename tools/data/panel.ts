/**
 * The model panel: real and realistic models with inputs, ONNX Runtime's outputs, and what a person would check.
 *
 * Made by the Python package `bench/panel`, once, in the cache folder: `panel/NAME/{model.onnx, inputs.npz, expected.npz,
 * judge.json, about.json}`. A model is made again when its recipe changes.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Tensor } from "../../src/ir/tensor.ts";
import { outputEntries, writeNpz } from "../../src/tensorfile/npz.ts";
import { cacheFolder } from "./cache_folder.ts";
import { obtain, type PackageName } from "./packages.ts";
import { pythonTools } from "./python_tools.ts";

/** `light`: ONNX's own with one value for every weight; `twin`: the same graphs with random weights, for timing. */
export type Family = "vision" | "sound" | "text" | "light" | "twin";

/** An entry of the panel, before anything of it is made. */
export interface PanelEntry {
  readonly name: string;
  readonly family: Family;
  readonly weights: "trained" | "random" | "splat";
}

export interface PanelModel extends PanelEntry {
  readonly modelPath: string;
  /** Inputs to run it on; the first set is of batch size 1 and a usual size, and is the one to be timed. */
  readonly cases: readonly [PanelCase, ...PanelCase[]];
  /** |result - expected| <= atol · max|expected| + rtol · |expected|. */
  readonly tolerance: { readonly rtol: number; readonly atol: number };
  /** How far ONNX Runtime's optimised outputs lie from its unoptimised ones in the first case, relative to max|expected|. */
  readonly noise: number;
  /** Names of the graph's outputs, in order. */
  readonly outputNames: readonly string[];
}

export interface PanelCase {
  readonly name: string;
  /** `.npz` files, by name or position as `src/tensorfile/npz.ts` has it. */
  readonly inputs: string;
  readonly expected: string;
  /** What the inputs' named extents are in this case: for `--dim NAME=VALUE`. */
  readonly dims: Readonly<Record<string, number>>;
  /** What ONNX Runtime's outputs say; undefined where there is nothing a person could judge. */
  readonly verdict: Verdict | undefined;
}

/** What outputs say in words, what they should say, and whether that is the same. */
export interface Verdict {
  readonly says: string;
  readonly wanted: string;
  readonly right: boolean;
}

export interface PanelFailure {
  readonly name: string;
  readonly reason: string;
}

interface Listed extends PanelEntry {
  readonly packages: readonly PackageName[];
  readonly after: readonly string[];
  readonly recipe: string;
}

interface About {
  readonly recipe: string;
  readonly cases: readonly string[];
  readonly dims: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly outputs: readonly string[];
  readonly rtol: number;
  readonly atol: number;
  readonly noise: number;
}

const source = fileURLToPath(new URL("../../bench/panel/", import.meta.url));
const root = (): string => cacheFolder("panel");

/** All entries, in the order in which they are made: smallest first. */
export const panelEntries = (): Promise<readonly PanelEntry[]> => listed();

/** True for entries whose name or family contains one of the words; for all if there are none. */
export const matching =
  (words: readonly string[]) =>
  (entry: PanelEntry): boolean =>
    words.length === 0 || words.some((w) => entry.name.includes(w) || entry.family === w);

/** The selected models, made first where they are not there yet. Throws if one of them cannot be made. */
export async function panel(select: (entry: PanelEntry) => boolean = () => true): Promise<PanelModel[]> {
  const { models, failures } = await layOutPanel(select);
  if (failures.length === 0) return models;
  throw new Error(`models that cannot be made:\n${failures.map((f) => `  ${f.name}: ${f.reason}`).join("\n")}`);
}

/** Like `panel`, but what cannot be made is reported beside what can. */
export async function layOutPanel(
  select: (entry: PanelEntry) => boolean = () => true,
): Promise<{ models: PanelModel[]; failures: PanelFailure[] }> {
  const all = await listed();
  const selected = all.filter(select);
  const needed = new Set(selected.flatMap((e) => [e.name, ...e.after]));
  const failures = await make(all.filter((e) => needed.has(e.name) && recipeOf(e.name) !== e.recipe));
  const failed = new Set(failures.map((f) => f.name));
  return { models: selected.filter((e) => !failed.has(e.name)).map(read), failures };
}

/** What other outputs for the case say, for example those of the compiled model. */
export async function judge(model: PanelModel, of: PanelCase, outputs: ReadonlyMap<string, Tensor>): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), "onnxidize-judge-"));
  try {
    const file = join(folder, "outputs.npz");
    const values = model.outputNames.map((n) => outputs.get(n) ?? null);
    await writeFile(file, writeNpz(outputEntries(model.outputNames, values)));
    const entry = (await listed()).find((e) => e.name === model.name);
    const packages = await packageFile(folder, entry === undefined ? [] : [entry]);
    return JSON.parse(await python(["judge", root(), packages, model.name, of.name, file])) as Verdict;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The list, which is kept until the Python sources change. */
async function listed(): Promise<readonly Listed[]> {
  const index = join(root(), "index.json");
  const sources = sourceHash();
  if (existsSync(index)) {
    const known = JSON.parse(await readFile(index, "utf8")) as { sources: string; entries: Listed[] };
    if (known.sources === sources) return known.entries;
  }
  const entries = JSON.parse(await python(["list"])) as Listed[];
  await mkdir(dirname(index), { recursive: true });
  await writeFile(index, JSON.stringify({ sources, entries }));
  return entries;
}

function sourceHash(): string {
  const hash = createHash("sha256");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((f) => /\.(py|txt)$/.test(f));
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(source, file)));
  return hash.digest("hex");
}

const recipeOf = (name: string): string | undefined => (existsSync(aboutPath(name)) ? about(name).recipe : undefined);
const aboutPath = (name: string): string => join(root(), name, "about.json");
const about = (name: string): About => JSON.parse(readFileSync(aboutPath(name), "utf8")) as About;

async function make(entries: readonly Listed[]): Promise<PanelFailure[]> {
  if (entries.length === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), "onnxidize-panel-"));
  try {
    const packages = await packageFile(folder, entries);
    const lines = await python(["lay-out", root(), packages, ...entries.map((e) => e.name)], true);
    const results = lines.split("\n").filter((l) => l !== "");
    return results
      .map((l) => JSON.parse(l) as { name: string; ok: boolean; reason?: string })
      .filter((r) => !r.ok)
      .map((r) => ({ name: r.name, reason: r.reason ?? "unknown" }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Fetches the packages of the entries; the path of a file that says where they are. */
async function packageFile(folder: string, entries: readonly Listed[]): Promise<string> {
  const paths: Record<string, string> = {};
  for (const name of new Set(entries.flatMap((e) => e.packages))) paths[name] = await obtain(name);
  const file = join(folder, "packages.json");
  await writeFile(file, JSON.stringify(paths));
  return file;
}

/** Runs `python -m panel`; its stdout. Exit code 1 of `lay-out` means that some model failed: its stdout tells which. */
async function python(args: readonly string[], partial = false): Promise<string> {
  const result = await execa(await pythonTools(), ["-m", "panel", ...args], {
    env: { PYTHONPATH: dirname(source.replace(/\/$/, "")), PYTHONDONTWRITEBYTECODE: "1" },
    stderr: "inherit",
    reject: false,
  });
  if (result.exitCode === 0 || (partial && result.exitCode === 1 && result.stdout !== "")) return result.stdout;
  throw new Error(`python -m panel ${args[0]} failed (${result.shortMessage ?? "no reason"})`);
}

function read(entry: PanelEntry): PanelModel {
  const { name, family, weights } = entry;
  const folder = join(root(), name);
  const { cases, dims, outputs, rtol, atol, noise } = about(name);
  const verdicts = JSON.parse(readFileSync(join(folder, "judge.json"), "utf8")) as Record<string, Verdict>;
  const [first, ...others] = cases.map((c, i): PanelCase => {
    const suffix = i === 0 ? "" : `_${c}`;
    const path = (kind: string): string => join(folder, `${kind}${suffix}.npz`);
    return { name: c, inputs: path("inputs"), expected: path("expected"), dims: dims[c] ?? {}, verdict: verdicts[c] };
  });
  if (first === undefined) throw new Error(`${name} has no inputs`);
  const tolerance = { rtol, atol };
  return {
    noise,
    name,
    family,
    weights,
    modelPath: join(folder, "model.onnx"),
    cases: [first, ...others],
    tolerance,
    outputNames: outputs,
  };
}
