import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tensor } from "../ir/tensor.ts";
import { writeNpz } from "../tensorfile/npz.ts";
import { commandLine, contentsOf, tinyModel } from "../testing/command_line.ts";

const cli = commandLine();
const tiny = cli.model("tiny.onnx", tinyModel);

test("a crate has everything that cargo needs, and the runtime without its tests", async () => {
  const { code, stderr } = await cli.run("compile", tiny, "-o", "whole");
  expect([code, stderr]).toEqual([0, ""]);
  const files = [...contentsOf(join(cli.folder, "whole")).keys()];
  for (const path of ["Cargo.toml", "Cargo.lock", "README.md", "rustfmt.toml", ".gitignore", "build-info.json"])
    expect(files).toContain(path);
  for (const path of ["src/lib.rs", "src/main.rs", "weights.bin", "runtime/Cargo.toml", "runtime/src/lib.rs"])
    expect(files).toContain(path);
  expect(files.filter((f) => /tests?\.rs$|tests\//.test(f))).toEqual([]);
  for (const file of files.filter((f) => f.startsWith("runtime/src")))
    expect(readFileSync(join(cli.folder, "whole", file), "utf8")).not.toMatch(/#\[test\]/);
});

test("the same model gives the same bytes, wherever it lies and wherever they go", async () => {
  mkdirSync(join(cli.folder, "elsewhere"));
  writeFileSync(join(cli.folder, "elsewhere", tiny), readFileSync(join(cli.folder, tiny)));
  await cli.run("compile", tiny, "-o", "once");
  await cli.run("compile", join("elsewhere", tiny), "-o", "elsewhere/again");
  const [once, again] = ["once", "elsewhere/again"].map((f) => contentsOf(join(cli.folder, f)));
  expect(once?.size).toBeGreaterThan(20);
  expect(again).toEqual(once);
});

test("build-info.json holds hashes, options and sizes, and nothing of this machine", async () => {
  await cli.run("compile", tiny, "-o", "info", "--dim", "N=4", "--without", "fuse-epilogue");
  const text = readFileSync(join(cli.folder, "info", "build-info.json"), "utf8");
  const info = JSON.parse(text) as Record<string, Record<string, unknown>>;
  expect(info).toMatchObject({
    generator: "onnxidize",
    crate: "tiny",
    model: { file: "tiny.onnx", external: [] },
    options: { dims: { N: 4 }, without: ["fuse-epilogue"], weights: "auto" },
    inputs: [{ name: "x", type: "f32[4, 2]" }],
    outputs: [{ name: "y", type: "f32[4, 3]" }],
  });
  expect(Object.keys(info.files as object)).toContain("src/lib.rs");
  expect(text).not.toContain(cli.folder);
  expect(text).not.toMatch(/20\d\d-\d\d-\d\d/);
});

test("with --json the result is one document", async () => {
  const { code, document, stderr } = await cli.json<Record<string, unknown>>("compile", tiny, "-o", "json");
  expect([code, stderr]).toEqual([0, ""]);
  expect(document).toMatchObject({
    model: tiny,
    ok: true,
    crate: { name: "tiny", folder: join(cli.folder, "json") },
    bytes: { weights: expect.any(Number), arena: expect.any(Number), arenaLowerBound: expect.any(Number) },
    diagnostics: [],
  });
});

test("the folder is named after the model unless told otherwise", async () => {
  await cli.run("compile", tiny);
  expect(cli.files()).toContain("tiny/Cargo.toml");
  await cli.run("compile", tiny, "--crate-name", "other_name");
  expect(readFileSync(join(cli.folder, "other_name", "Cargo.toml"), "utf8")).toContain('name = "other_name"');
});

test("a crate of ours is replaced; what else lies in its folder stays, what it no longer has goes", async () => {
  const inputs = cli.write("in.npz", writeNpz(new Map([["x", tensor("f32", [1, 2], [1, 1])]])));
  const outputs = cli.write("out.npz", writeNpz(new Map([["y", tensor("f32", [1, 3], [5, 7, 9])]])));
  await cli.run("compile", tiny, "-o", "ours", "--inputs", inputs, "--expected", outputs);
  mkdirSync(join(cli.folder, "ours", "target"));
  cli.write("ours/target/kept", "built");
  cli.write("ours/notes.txt", "mine");
  expect(cli.files()).toContain("ours/tests/golden.rs");
  const { code } = await cli.run("compile", tiny, "-o", "ours");
  expect(code).toBe(0);
  expect(cli.files()).toEqual(expect.arrayContaining(["ours/target/kept", "ours/notes.txt", "ours/src/lib.rs"]));
  expect(cli.files()).not.toContain("ours/tests/golden.rs");
});

test("a folder of somebody else is left alone, unless forced; then only the same names are replaced", async () => {
  mkdirSync(join(cli.folder, "theirs"));
  cli.write("theirs/README.md", "precious");
  cli.write("theirs/other.md", "precious");
  const before = cli.files();
  const refused = await cli.run("compile", tiny, "-o", "theirs");
  expect([refused.code, refused.stdout]).toEqual([2, ""]);
  expect(refused.stderr).toMatch(/^error\[E0506\]: "theirs" is not empty/);
  expect(cli.files()).toEqual(before);
  expect((await cli.run("compile", tiny, "-o", "theirs", "--force")).code).toBe(0);
  expect(readFileSync(join(cli.folder, "theirs", "other.md"), "utf8")).toBe("precious");
  expect(readFileSync(join(cli.folder, "theirs", "README.md"), "utf8")).toContain("onnxidize");
});

test("a folder below a file cannot be written; nothing is left behind", async () => {
  cli.write("file", "");
  const before = cli.files();
  const { code, stderr } = await cli.run("compile", tiny, "-o", "file/crate");
  expect([code, stderr.slice(0, 12)]).toEqual([2, "error[E0506]"]);
  expect(cli.files()).toEqual(before);
});

test("a model that cannot be compiled leaves no folder, not even those on the way", async () => {
  const bad = cli.model("bad.onnx", tinyModel.replace("Relu (m)", "Foo (m)"));
  const before = cli.files();
  const { code } = await cli.run("compile", bad, "-o", "deep/down/crate");
  expect(code).toBe(4);
  expect(cli.files()).toEqual(before);
  expect(contentsOf(cli.folder).has("deep")).toBe(false);
});

test("constants can be a file instead of a part of the program", async () => {
  await cli.run("compile", tiny, "-o", "apart", "--weights", "file");
  expect(readFileSync(join(cli.folder, "apart", "src", "lib.rs"), "utf8")).not.toContain("include_bytes!");
  expect(readFileSync(join(cli.folder, "apart", "src", "main.rs"), "utf8")).toContain("weights.bin");
});

test("unknown passes are refused with the list of those there are", async () => {
  const { code, stderr } = await cli.run("compile", tiny, "--without", "fuse-epilog");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error\[E0501\]: --without fuse-epilog: there is no such pass\n/);
  expect(stderr).toContain("did you mean fuse-epilogue? passes that can be switched off: fold-constants,");
});

test("unknown dimensions are refused with those there are", async () => {
  const { code, stderr } = await cli.run("compile", tiny, "--dim", "M=2");
  expect([code, stderr]).toEqual([
    2,
    `error[E0163]: --dim M: the model has no dimension of that name\n  --> tiny.onnx\n  = help: its dimensions: N\n`,
  ]);
});

test("the crate's own test needs outputs for all of its inputs", async () => {
  const inputs = cli.write("in1.npz", writeNpz(new Map([["x", tensor("f32", [1, 2], [1, 1])]])));
  const empty = cli.write("out1.npz", writeNpz(new Map([["z", tensor("f32", [1], [1])]])));
  const before = cli.files();
  const { code, stderr } = await cli.run("compile", tiny, "-o", "golden", "--inputs", inputs, "--expected", empty);
  expect([code, stderr.slice(0, 12)]).toEqual([2, "error[E0533]"]);
  expect(stderr).toContain('no expected value for output "y"');
  expect(cli.files()).toEqual(before);
});

test("an interrupted command ends with 130 and leaves nothing", async () => {
  const interrupted = commandLine({
    onInterrupt: (stop) => {
      setImmediate(stop);
      return () => {};
    },
  });
  const model = interrupted.model("tiny.onnx", tinyModel);
  const { code, stdout } = await interrupted.run("compile", model, "-o", "crate");
  expect([code, stdout]).toEqual([130, ""]);
  expect(interrupted.files()).toEqual(["tiny.onnx"]);
});

test("a budget that is too small is an error before anything is written", async () => {
  const before = cli.files();
  const { code, stderr } = await cli.run("compile", tiny, "-o", "small", "--max-weights", "20");
  expect([code, stderr.split("\n")[0]]).toEqual([5, "error[E0402]: constants: 128 bytes are more than 20"]);
  expect(cli.files()).toEqual(before);
  expect((await cli.run("compile", tiny, "-o", "small", "--max-weights", "1k", "--max-arena", "2M")).code).toBe(0);
});
