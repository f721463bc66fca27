/**
 * `npm run demo [-- FILE…]`: compiles Magika, a trained model that tells the type of a file from its bytes, and runs it on
 * files (this repository's own, if none are given). Prints what it says, and the time and size of the compiled program.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { numbers, tensor } from "../src/ir/tensor.ts";
import { readNpz, writeNpz } from "../src/tensorfile/npz.ts";
import { readZip } from "../src/tensorfile/zip.ts";
import { cacheFolder } from "./data/cache_folder.ts";
import { obtain } from "./data/packages.ts";

const here = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const [window, part, padding] = [4096, 1024, 256];

/** The model's input: the file's beginning without leading white space, and its end without trailing one. */
function features(bytes: Uint8Array): number[] {
  const white = (b: number | undefined): boolean => b !== undefined && (b === 32 || (b >= 9 && b <= 13));
  let start = 0;
  const head = bytes.subarray(0, window);
  while (white(head[start])) start++;
  const tail = bytes.subarray(Math.max(0, bytes.length - window));
  let end = tail.length;
  while (white(tail[end - 1])) end--;
  const first = [...head.subarray(start, start + part)];
  const last = [...tail.subarray(Math.max(0, end - part), end)];
  return [
    ...first,
    ...new Array<number>(part - first.length).fill(padding),
    ...new Array<number>(part - last.length).fill(padding),
    ...last,
  ];
}

/** The model and the names of the types that it tells apart, out of its package. */
async function model(): Promise<{ path: string; labels: readonly string[] }> {
  const wheel = readZip(readFileSync(await obtain("magika")));
  const member = (end: string): Uint8Array => {
    const found = wheel.find((m) => m.name.endsWith(end));
    if (!found) throw new Error(`the package has no ${end}`);
    return found.read();
  };
  const folder = cacheFolder("demo");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "magika.onnx");
  writeFileSync(path, member("standard_v3_3/model.onnx"));
  const config = JSON.parse(new TextDecoder().decode(member("standard_v3_3/config.min.json"))) as {
    target_labels_space: string[];
  };
  return { path, labels: config.target_labels_space };
}

async function main(given: readonly string[]): Promise<void> {
  const files =
    given.length > 0 ? given : ["README.md", "src/compile.ts", "runtime-rs/src/lib.rs", "package.json"].map(here);
  const { path, labels } = await model();
  const folder = mkdtempSync(join(tmpdir(), "onnxidize-demo-"));
  try {
    const [inputs, outputs] = [join(folder, "in.npz"), join(folder, "out.npz")];
    const rows = files.map((f) => features(readFileSync(f)));
    writeFileSync(inputs, writeNpz(new Map([["bytes", tensor("i32", [rows.length, 2 * part], rows.flat())]])));
    const run = ["run", path, "--inputs", inputs, "--save", outputs, "--repeat", "10", "--json"];
    const { stdout } = await execa("node", [here("bin/onnxidize.js"), ...run], { stderr: "inherit" });
    const report = JSON.parse(stdout) as {
      seconds: { median: number };
      bytes: { code: number; weights: number };
      isa: string;
    };
    const scores = numbers(readNpz(readFileSync(outputs)).get("0") as ReturnType<typeof tensor>);
    files.forEach((file, i) => {
      const row = scores.slice(i * labels.length, (i + 1) * labels.length);
      const best = row.indexOf(Math.max(...row));
      console.log(`${file}: ${labels[best]} (${((row[best] as number) * 100).toFixed(1)} %)`);
    });
    const { seconds, bytes, isa } = report;
    console.log(
      `${((seconds.median * 1e3) / files.length).toFixed(2)} ms per file on one thread (${isa}); code ${(bytes.code / 1e6).toFixed(2)} MB, constants ${(bytes.weights / 1e6).toFixed(2)} MB`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(process.argv.slice(2));
