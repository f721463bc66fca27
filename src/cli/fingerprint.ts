/** Hashes that name what is cached: of models, of the compiler, of the runtime's sources. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package: that of package.json. This file lies in `src/cli` or, compiled, in `dist/cli`. */
export const packageFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export const version: string = (
  JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8")) as { version: string }
).version;

const pieceBytes = 1 << 20;

/** SHA-256 of a file, in hexadecimal. */
export function hashFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(pieceBytes);
  const fd = openSync(path, "r");
  try {
    for (;;) {
      const got = readSync(fd, piece);
      if (got === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, got));
    }
  } finally {
    closeSync(fd);
  }
}

/** SHA-256 of texts, in hexadecimal: not of their concatenation, so that ("a", "bc") and ("ab", "c") differ. */
export const hashTexts = (...texts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(texts)).digest("hex");

/** Paths of all files below `folder`, relative to it, with forward slashes, sorted. */
export function filesBelow(folder: string, prefix = ""): string[] {
  const entries = readdirSync(join(folder, prefix), { withFileTypes: true });
  return entries
    .flatMap((e) => (e.isDirectory() ? filesBelow(folder, `${prefix}${e.name}/`) : [`${prefix}${e.name}`]))
    .sort();
}

let ownHash: string | undefined;

/** Hash of everything that decides what a model compiles to: this compiler's code, its templates, the runtime. */
export function compilerHash(): string {
  if (ownHash !== undefined) return ownHash;
  const code = dirname(dirname(fileURLToPath(import.meta.url)));
  const templates = join(packageFolder, "src", "codegen", "templates");
  const runtime = join(packageFolder, "runtime-rs");
  const parts = [version];
  const add = (folder: string, wanted: (path: string) => boolean): void => {
    for (const path of filesBelow(folder)) if (wanted(path)) parts.push(path, readFileSync(join(folder, path), "utf8"));
  };
  add(code, (path) => /\.[jt]s$/.test(path) && !/\.(test|d)\.ts$/.test(path) && !path.startsWith("cli/"));
  add(templates, () => true);
  add(join(runtime, "src"), () => true);
  parts.push(readFileSync(join(runtime, "Cargo.toml"), "utf8"));
  ownHash = hashTexts(...parts);
  return ownHash;
}
