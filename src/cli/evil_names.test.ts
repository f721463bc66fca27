/** Names that try to become code, configuration, paths or terminal commands stay names. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { encodeModel } from "../frontend/encode_model.ts";
import type { OnnxModel } from "../frontend/onnx_model.ts";
import { parseOnnxText } from "../frontend/onnx_text.ts";
import { tensor } from "../ir/tensor.ts";
import { readNpz, writeNpz } from "../tensorfile/npz.ts";
import { commandLine, testCache } from "../testing/command_line.ts";
import { sharedFolders } from "./cargo.ts";

const cli = commandLine();

/** In the order in which the model below uses them. */
const evil = [
  '"); std::process::exit(7); //',
  "*/ } fn main() { panic!() } /*",
  "\n#![feature(evil)]\ncompile_error!();",
  "`\n```\n# heading\n<script>alert(1)</script>",
  '"]\n[dependencies]\nserde = "1"\n',
  "\u001b]0;title\u0007\u001b[2J\u202e",
  "{{this}} {{{../name}}} $(exit 1)",
  "__proto__",
  "self",
  "../../etc/passwd",
  "fn",
  "a-b",
  "a.b",
  "a_b",
  "Ünïcödé \u2028 \\u{7}",
  "constructor",
];

const base = parseOnnxText(`<ir_version: 10, opset_import: ["" : 21]>
graph_name (float[N, 2] x, float[2] a, float[2] b, float[2] c) => (float[N, 2] y, float[N, 2] z, int64[1] s)
<float[2] w = {1, 2}, string[2] t = {"one", "two"}>
{
  [first] p = Add (x, w)
  [second] q = Mul (p, a)
  [third] y = Relu (q)
  [fourth] r = Sub (y, b)
  [fifth] z = Max (r, c)
  [sixth] i = Constant <value_ints = [0]> ()
  [seventh] s = Identity (i)
}`);

/** The model with all of its names replaced, each by another evil one. */
function renamed(model: OnnxModel): OnnxModel {
  const names = new Map<string, string>();
  const to = (name: string): string => {
    if (name === "") return "";
    if (!names.has(name))
      names.set(name, `${evil[names.size % evil.length]}${names.size < evil.length ? "" : names.size}`);
    return names.get(name) as string;
  };
  const { graph } = model;
  const infos = (list: typeof graph.inputs): typeof graph.inputs =>
    list.map(({ name, type }) => ({
      name: to(name),
      type:
        type?.kind === "tensor"
          ? { ...type, shape: type.shape?.map((d) => (typeof d === "string" ? to(d) : d)) }
          : type,
    }));
  return {
    ...model,
    producer: evil[0] as string,
    metadata: new Map(evil.map((e) => [e, e])),
    graph: {
      ...graph,
      inputs: infos(graph.inputs),
      outputs: infos(graph.outputs),
      initializers: graph.initializers.map((i) => ({ ...i, name: to(i.name) })),
      nodes: graph.nodes.map((n) => ({ ...n, name: to(n.name), inputs: n.inputs.map(to), outputs: n.outputs.map(to) })),
      name: to(graph.name),
    },
  };
}

test("they build, lint, run and give the right results", { timeout: 900_000 }, async () => {
  const file = cli.write(`evil '"] = name\u001b.onnx`, encodeModel(renamed(base)));
  expect((await cli.run("compile", file, "-o", "crate")).code).toBe(0);
  const manifest = readFileSync(join(cli.folder, "crate", "Cargo.toml"), "utf8");
  expect(manifest.match(/^\[.*\]$/gm)?.filter((s) => s === "[dependencies]")).toHaveLength(1);
  expect(manifest).not.toContain("serde");
  const cwd = join(cli.folder, "crate");
  const { runtime, target } = sharedFolders({ env: { ONNXIDIZE_CACHE: testCache } });
  const env = { CARGO_TARGET_DIR: target };
  const cargo = async (...args: string[]): Promise<string> => {
    const { exitCode, all } = await execa("cargo", args, { cwd, env, all: true, reject: false });
    return exitCode === 0 ? "" : all;
  };
  expect(await cargo("fmt", "--check")).toBe("");
  const inputs = cli.write(
    "in.npz",
    writeNpz(new Map(["1 2", "3 4", "5 5", "100 -100"].map((v, i) => [`${i}`, row(v, i === 0)]))),
  );
  const { code, stdout } = await cli.run("run", file, "--inputs", inputs, "--save", "out.npz");
  expect(code).toBe(0);
  expect(stdout).not.toMatch(steering);
  const saved = readNpz(readFileSync(join(cli.folder, "out.npz")));
  expect(saved.get("0")).toEqual(row("6 16", true));
  expect(saved.get("1")).toEqual(row("100 11", true));
  const lints = [
    "clippy",
    "--offline",
    "--no-deps",
    "--config",
    `paths=[${JSON.stringify(runtime)}]`,
    "--",
    "-D",
    "warnings",
  ];
  expect(await cargo(...lints)).toBe("");
});

test("messages show control characters instead of sending them", async () => {
  const nodes = base.graph.nodes.map((n) => (n.name === "third" ? { ...n, opType: evil[5] as string } : n));
  const file = cli.write("bad.onnx", encodeModel(renamed({ ...base, graph: { ...base.graph, nodes } })));
  const { code, stderr } = await cli.run("check", file);
  expect(code).toBe(4);
  expect(stderr).toContain("\\u{1b}]0;title");
  expect(stderr).not.toMatch(steering);
  const facts = await cli.run("inspect", file);
  expect(facts.stdout).not.toMatch(steering);
});

/** Control characters other than the end of a line, and what turns the direction of writing. */
const steering = /(?!\n)[\p{Control}\u202e]/u;

const row = (values: string, matrix: boolean): ReturnType<typeof tensor> =>
  tensor("f32", matrix ? [1, 2] : [2], values.split(" ").map(Number));
