/**
 * ONNX's backend test suite as files: the official 1914 cases of release 1.22.0, and any folder in the same layout.
 *
 * The cases come out of the PyPI wheel, which carries all of them. The nine "light" models have no inputs there: ONNX's own
 * runner makes them up (`arange(n) / n`), and so do we, so that every case is laid out alike:
 * `KIND/test_NAME/{model.onnx, data.json?, test_data_set_0/{input_0.pb …, output_0.pb …}}`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { readZip } from "../../src/tensorfile/zip.ts";
import { cacheFolder } from "./cache_folder.ts";
import { packagePins } from "./package_pins.ts";
import { obtain } from "./packages.ts";

export interface SuiteCase {
  /** The folder that the case lies in: for the official suite `node`, `simple`, `pytorch-converted`, `pytorch-operator`, `light`. */
  readonly kind: string;
  /** The case's own folder, for example `test_abs`. Unique within its kind. */
  readonly name: string;
  readonly modelPath: string;
  readonly dataSets: readonly DataSet[];
  /** |result - expected| <= atol + rtol · |expected|, element by element. */
  readonly rtol: number;
  readonly atol: number;
}

/** Files of serialised values, which bind to the graph's inputs (those without an initialiser first) and outputs by position. */
export interface DataSet {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Cases by kind in ONNX 1.22.0. */
export const suiteCounts = {
  node: 1765,
  simple: 23,
  "pytorch-converted": 82,
  "pytorch-operator": 35,
  light: 9,
} as const;

/** ONNX's own tolerances, for every case that does not bring its own in a `data.json`. */
const RTOL = 1e-3;
const ATOL = 1e-7;

/** All cases of the official suite in a fixed order; laid out in the cache folder the first time (66 MB). */
export async function suite(): Promise<SuiteCase[]> {
  const root = cacheFolder("suite", `onnx-${packagePins.onnx.version}-${packagePins.onnx.sha256.slice(0, 12)}`);
  if (!existsSync(root)) await layOut(root);
  const cases = folderCases(root);
  for (const [kind, expected] of Object.entries(suiteCounts)) {
    const found = cases.filter((c) => c.kind === kind).length;
    if (found !== expected)
      throw new Error(`${root}: ${expected} ${kind} cases expected, ${found} found; delete the folder`);
  }
  return cases;
}

const DATA = "onnx/backend/test/data/";

async function layOut(root: string): Promise<void> {
  const wheel = await readFile(await obtain("onnx"));
  process.stderr.write(`laying out the ONNX ${packagePins.onnx.version} test suite in ${root}\n`);
  await mkdir(dirname(root), { recursive: true });
  const folder = await mkdtemp(join(dirname(root), ".layout-"));
  try {
    const made = new Set<string>();
    const put = async (path: string, bytes: Uint8Array): Promise<void> => {
      const target = join(folder, path);
      if (!made.has(dirname(target))) await mkdir(dirname(target), { recursive: true });
      made.add(dirname(target));
      await writeFile(target, bytes);
    };
    for (const member of readZip(wheel)) {
      const path = placeOf(member.name);
      if (path !== undefined) await put(path, member.read());
    }
    for (const name of readdirSync(join(folder, "light")))
      await put(`light/${name}/test_data_set_0/input_0.pb`, lightInput([1, 3, 224, 224]));
    // Another process may have been quicker; its files are the same.
    await rename(folder, root).catch((e: unknown) => {
      if (!existsSync(root)) throw e;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where a file of the wheel goes, or undefined if it is not part of the suite. */
function placeOf(member: string): string | undefined {
  if (!member.startsWith(DATA) || member.endsWith("/") || member.endsWith(".py")) return undefined;
  const path = member.slice(DATA.length);
  if (path.split("/").includes("..")) throw new Error(`the wheel holds a path outside of it: ${member}`);
  const [kind = "", file = ""] = path.split("/");
  if (kind === "real") return path.replace(/^real/, "light");
  if (kind !== "light") return Object.hasOwn(suiteCounts, kind) ? path : undefined;
  const output = /^light_(.*)_output_0\.pb$/.exec(file)?.[1];
  if (output !== undefined) return `light/test_${output}/test_data_set_0/output_0.pb`;
  const model = /^light_(.*)\.onnx$/.exec(file)?.[1];
  return model === undefined ? undefined : `light/test_${model}/model.onnx`;
}

/** `(arange(n) / n).astype(float32)` as a serialised TensorProto, as `generate_dummy_data` of ONNX's runner has it. */
export function lightInput(shape: readonly number[]): Uint8Array {
  const n = shape.reduce((a, b) => a * b, 1);
  const values = new Uint8Array(4 * n);
  const view = new DataView(values.buffer);
  for (let i = 0; i < n; i++) view.setFloat32(4 * i, i / n, true);
  const dims = shape.flatMap((d) => [0x08, ...varint(d)]); // field 1, one varint each
  return Uint8Array.from(Buffer.concat([Uint8Array.of(...dims, 0x10, 1, 0x4a, ...varint(4 * n)), values])); // 2: FLOAT, 9: raw_data
}

function varint(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...varint(Math.floor(n / 0x80))];
}

/**
 * The cases under `folder`, at any depth: each is a folder with a `model.onnx`. Sorted by path.
 * The kind is the path from `folder` to the case's parent; for a folder of cases it is that folder's own name.
 */
export function folderCases(folder: string): SuiteCase[] {
  const root = resolve(folder);
  const cases: SuiteCase[] = [];
  const visit = (path: string): void => {
    const entries = readdirSync(path, { withFileTypes: true });
    const names = entries.map((e) => e.name).sort();
    if (names.includes("model.onnx")) {
      const kind = path === root ? "" : relative(root, dirname(path));
      cases.push(caseIn(path, kind || basename(dirname(path)), names));
      return;
    }
    const folders = new Set(entries.filter((e) => e.isDirectory()).map((e) => e.name));
    for (const name of names) if (folders.has(name)) visit(join(path, name));
  };
  visit(root);
  return cases;
}

function caseIn(path: string, kind: string, names: readonly string[]): SuiteCase {
  const own = names.includes("data.json") ? JSON.parse(readFileSync(join(path, "data.json"), "utf8")) : {};
  const { rtol = RTOL, atol = ATOL } = own as { rtol?: number; atol?: number };
  const dataSets = numbered(names, /^test_data_set_(\d+)$/).map((set): DataSet => {
    const files = readdirSync(join(path, set));
    const paths = (pattern: RegExp): string[] => numbered(files, pattern).map((f) => join(path, set, f));
    return { inputs: paths(/^input_(\d+)\.pb$/), outputs: paths(/^output_(\d+)\.pb$/) };
  });
  return { kind, name: basename(path), modelPath: join(path, "model.onnx"), dataSets, rtol, atol };
}

/** The names that match, in the order of their number: 2 before 10. Throws if a number is missing. */
function numbered(names: readonly string[], pattern: RegExp): string[] {
  const found = names.filter((n) => pattern.test(n));
  const numberOf = (n: string): number => Number(pattern.exec(n)?.[1]);
  found.sort((a, b) => numberOf(a) - numberOf(b));
  found.forEach((n, i) => {
    if (numberOf(n) !== i) throw new Error(`${n} found where number ${i} was expected`);
  });
  return found;
}
