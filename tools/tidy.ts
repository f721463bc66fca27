/** Checks what no compiler does: that folders import only what lies below them, and that files stay small enough to read. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src", import.meta.url));

/** What each folder may import from, besides itself. `import type` is free: types are no dependency at run time. */
const layers: Readonly<Record<string, readonly string[]>> = {
  diagnostics: ["frontend/onnx_error.ts", "tensorfile/error.ts"],
  ir: ["diagnostics"],
  ops: ["ir", "diagnostics", "frontend"],
  frontend: ["ir", "ops", "diagnostics"],
  passes: ["ir", "ops", "diagnostics"],
  codegen: ["ir", "diagnostics"],
  tensorfile: ["ir"],
  cli: ["compile.ts", "frontend", "ir", "ops", "passes", "codegen", "tensorfile", "diagnostics"],
};

const maxLines = 400;
/** Files over the limit, each with its reason. */
const large: Readonly<Record<string, string>> = {
  "frontend/import_graph.ts": "the importer is one walk; its parts share one state",
  "codegen/print_steps.ts": "the printer of steps shares one set of names",
};

const files = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? files(join(folder, e.name)) : e.name.endsWith(".ts") ? [join(folder, e.name)] : [],
  );

const problems: string[] = [];
for (const file of files(src)) {
  const name = relative(src, file);
  if (name.endsWith(".test.ts")) continue;
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n").length;
  if (lines > maxLines && !(name in large)) problems.push(`${name}: ${lines} lines, at most ${maxLines}`);
  const folder = name.split("/")[0] as string;
  const allowed = layers[folder];
  if (!allowed) continue;
  for (const [, clause, path] of text.matchAll(/^import ((?:type )?[^;]*?) ?from "(\.[^"]+)";/gms)) {
    if (clause?.startsWith("type ")) continue;
    const target = relative(src, resolve(dirname(file), path as string));
    const to = target.split("/")[0] as string;
    if (to !== folder && !allowed.includes(to) && !allowed.includes(target))
      problems.push(`${name}: imports ${target}, which is not below it`);
  }
}
const fixtures = /\btest_[a-z0-9]+_/;
for (const folder of ["passes", "codegen", "ops", "ir", "frontend"])
  for (const file of files(join(src, folder)).filter((f) => !f.endsWith(".test.ts")))
    if (fixtures.test(readFileSync(file, "utf8")))
      problems.push(`${relative(src, file)}: names a case of the official suite`);
for (const p of problems) console.log(p);
console.log(problems.length === 0 ? "layers and sizes are in order" : `${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
