/** Calling the command line as a user does, in a temporary folder, with what it prints kept. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Host } from "../cli/host.ts";
import { main } from "../cli/main.ts";
import { encodeModel } from "../frontend/encode_model.ts";
import { parseOnnxText } from "../frontend/onnx_text.ts";

/** Programs of tests are built here, and kept from one run of the tests to the next. */
export const testCache = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "onnxidize");

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandLine {
  readonly folder: string;
  /** Writes a file and gives its path, relative to the folder. */
  write(name: string, content: string | Uint8Array): string;
  /** Writes a model given as ONNX text, in protobuf. */
  model(name: string, text: string): string;
  run(...argv: readonly string[]): Promise<Ran>;
  /** The one JSON document on stdout. */
  json<T>(...argv: readonly string[]): Promise<Ran & { readonly document: T }>;
  /** Paths of all files in the folder, sorted. */
  files(): string[];
}

export interface Settings {
  readonly env?: Host["env"];
  readonly isTerminal?: boolean;
  readonly onInterrupt?: Host["onInterrupt"];
}

/** A folder for a file of tests, removed at the end. */
export function commandLine(settings: Settings = {}): CommandLine {
  const folder = mkdtempSync(join(tmpdir(), "onnxidize-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = async (...argv: readonly string[]): Promise<Ran> => {
    let [stdout, stderr] = ["", ""];
    const code = await main(argv, {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ONNXIDIZE_CACHE: testCache, ...settings.env },
      stdout: (text) => {
        stdout += text;
      },
      stderr: (text) => {
        stderr += text;
      },
      isTerminal: settings.isTerminal ?? false,
      columns: 100,
      onInterrupt: settings.onInterrupt ?? (() => () => {}),
    });
    return { code, stdout, stderr };
  };
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return name;
  };
  return {
    folder,
    write,
    model: (name, text) => write(name, encodeModel(parseOnnxText(text))),
    run,
    async json<T>(...argv: readonly string[]) {
      const ran = await run(...argv, "--json");
      return { ...ran, document: JSON.parse(ran.stdout) as T };
    },
    files: () => filesOf(folder, ""),
  };
}

/** Paths of everything but folders, links not followed. */
const filesOf = (folder: string, prefix: string): string[] =>
  readdirSync(join(folder, prefix), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((e) => (e.isDirectory() ? filesOf(folder, `${prefix}${e.name}/`) : [`${prefix}${e.name}`]));

/** Contents of all files below `folder` by path. */
export const contentsOf = (folder: string): Map<string, string> =>
  new Map(filesOf(folder, "").map((path) => [path, readFileSync(join(folder, path)).toString("base64")]));

/** `y = Relu(x · w)` with a symbolic number of rows. */
export const tinyModel = `<ir_version: 8, opset_import: ["" : 17], producer_name: "test">
tiny (float[N, 2] x) => (float[N, 3] y) {
  w = Constant <value = float[2, 3] {1, 2, 3, 4, 5, 6}> ()
  m = MatMul (x, w)
  y = Relu (m)
}`;
