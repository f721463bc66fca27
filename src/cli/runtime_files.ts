/** The runtime's sources as they go into a crate: without tests, examples and benchmarks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CrateFile, textFile } from "../codegen/crate.ts";
import { filesBelow, hashTexts, packageFolder } from "./fingerprint.ts";

export interface RuntimeFiles {
  readonly files: readonly CrateFile[];
  readonly hash: string;
}

let read: RuntimeFiles | undefined;

/** Reads them once. */
export function runtimeFiles(): RuntimeFiles {
  read ??= readRuntime(join(packageFolder, "runtime-rs"));
  return read;
}

function readRuntime(folder: string): RuntimeFiles {
  const sources = filesBelow(join(folder, "src")).filter(
    (path) => path.endsWith(".rs") && !/(^|\/)tests(\.rs|\/)/.test(path),
  );
  const texts = [
    ["Cargo.toml", manifestForUse(readFileSync(join(folder, "Cargo.toml"), "utf8"))] as const,
    ...sources.map((path) => [`src/${path}`, withoutTests(readFileSync(join(folder, "src", path), "utf8"))] as const),
  ];
  return { files: texts.map(([path, text]) => textFile(path, text)), hash: hashTexts(...texts.flat()) };
}

/** The manifest without what only the runtime's own development needs. */
const manifestForUse = (toml: string): string =>
  toml
    .split(/^(?=\[)/m)
    .filter((section) => !/^\[(dev-dependencies|\[(bench|example|test)\]|profile|workspace)/.test(section))
    .join("");

/** Rust source without what has `#[cfg(test)]` at its top level. Relies on rustfmt's layout: an item ends at a lone `}`. */
export function withoutTests(rust: string): string {
  const lines = rust.split("\n");
  const kept: string[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (!/^#\[cfg\((test|all\(test\b.*\))\)\]$/.test(lines[i] as string)) {
      kept.push(lines[i] as string);
      continue;
    }
    i++;
    if ((lines[i] ?? "").endsWith("{")) while (i < lines.length && lines[i] !== "}") i++;
    if (kept.at(-1) === "" && lines[i + 1] === "") i++;
  }
  return `${kept.join("\n").trimEnd()}\n`;
}
