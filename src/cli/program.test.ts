/** Programs that are really built: they share one cache, so that the runtime is compiled once for all tests. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { encodeTensorProto } from "../frontend/encode_tensor.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";
import { writeNpy } from "../tensorfile/npy.ts";
import { readNpz, writeNpz } from "../tensorfile/npz.ts";
import { commandLine, testCache, tinyModel } from "../testing/command_line.ts";
import { sharedFolders } from "./cargo.ts";

const cli = commandLine();
const tiny = cli.model("tiny.onnx", tinyModel);
const archive = (name: string, entries: Record<string, Tensor>): string =>
  cli.write(name, writeNpz(new Map(Object.entries(entries))));

/** A cold build compiles the whole runtime, and other tests may run beside. */
const patience = { timeout: 900_000 };

/** `x · w` of the tiny model for these rows, no negative ones. */
const rows = tensor("f32", [2, 2], [1, 0, 1, 1]);
const products = tensor("f32", [2, 3], [1, 2, 3, 5, 7, 9]);
const inputs = archive("rows.npz", { x: rows });

interface RunDocument {
  readonly model: string;
  readonly outputs: readonly object[];
  readonly seconds: Readonly<Record<string, number>>;
  readonly bytes: Readonly<Record<string, number>>;
  readonly threads: number;
  readonly isa: string;
}

describe("run", patience, () => {
  test("gives the fields that scripts rely on, and is at once there for a second time", async () => {
    const first = await cli.json<RunDocument>("run", tiny, "--inputs", inputs, "--repeat", "5");
    const second = await cli.json<RunDocument>("run", tiny, "--inputs", inputs);
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(Object.keys(first.document)).toEqual(["model", "outputs", "seconds", "bytes", "threads", "isa"]);
    expect(first.document.model).toBe(tiny);
    expect(first.document.outputs).toEqual([{ name: "y", dtype: "f32", shape: [2, 3] }]);
    expect(Object.keys(first.document.seconds)).toEqual(["compile", "cargo", "load", "first", "min", "median", "p90"]);
    expect(Object.keys(first.document.bytes).sort()).toEqual([
      "arena",
      "arenaLowerBound",
      "code",
      "peakRss",
      "weights",
    ]);
    const { min, median, p90 } = first.document.seconds as Record<string, number>;
    expect((min as number) <= (median as number) && (median as number) <= (p90 as number)).toBe(true);
    expect([first.document.threads, typeof first.document.isa]).toEqual([1, "string"]);
    expect(second.document.seconds).toMatchObject({ compile: 0, cargo: 0 });
  });

  test("prints the outputs for people, and saves them by position and by name", async () => {
    const { code, stdout, stderr } = await cli.run(
      "run",
      tiny,
      "--inputs",
      inputs,
      "--save",
      "out.npz",
      "--threads",
      "2",
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^y {2}f32\[2, 3\] = \[1, 2, 3, 5, 7, 9\]\n\nfirst run .* median .*2 threads/);
    const saved = readNpz(readFileSync(join(cli.folder, "out.npz")));
    expect(saved).toEqual(
      new Map([
        ["y", products],
        ["0", products],
      ]),
    );
  });

  test.each([
    ["a .npy file in column order", "fortran.npy", fortran([2, 2], [1, 1, 0, 1])],
    ["a .pb file", "x.pb", encodeTensorProto(rows, "whatever")],
    ["an archive with one array", "one.npz", writeNpz(new Map([["something", rows]]))],
  ])("reads an input from %s", async (_, name, bytes) => {
    const file = cli.write(name, bytes);
    const { code, stdout } = await cli.run("run", tiny, "--input", `x=${file}`);
    expect([code, stdout.split("\n")[0]]).toEqual([0, "y  f32[2, 3] = [1, 2, 3, 5, 7, 9]"]);
  });

  test("draws the same numbers from the same seed, and says which sizes it made up", async () => {
    const [a, b, c] = [
      await cli.run("run", tiny, "--random", "--seed", "0"),
      await cli.run("run", tiny, "--random", "--seed", "0"),
      await cli.run("run", tiny, "--random", "--seed", "3"),
    ];
    expect(a?.stderr).toBe("note: N set to 1; give sizes with --dim NAME=SIZE\n");
    expect(a?.stdout.split("\n")[0]).toBe(b?.stdout.split("\n")[0]);
    expect(a?.stdout.split("\n")[0]).not.toBe(c?.stdout.split("\n")[0]);
  });

  test("reads constants that are a file", async () => {
    const { code, stdout } = await cli.run("run", tiny, "--inputs", inputs, "--weights", "file");
    expect([code, stdout.split("\n")[0]]).toEqual([0, "y  f32[2, 3] = [1, 2, 3, 5, 7, 9]"]);
  });

  test("reads a picture where the input has rows, columns and channels", async () => {
    const model = cli.model(
      "picture.onnx",
      `<ir_version: 8, opset_import: ["" : 17]>
picture (float[1, 3, H, W] x) => (float[1, 3] y) { y = ReduceMax <axes = [2, 3], keepdims = 0> (x) }`,
    );
    const pixels = new Uint8Array(8 * 9 * 3).map((_, i) => (i % 3 === 1 ? 51 : 0));
    const file = cli.write("green.ppm", Buffer.concat([Buffer.from("P6 9 8 255\n"), pixels]));
    const { code, stdout } = await cli.run("run", model, "--input", `x=${file}`);
    expect([code, stdout.split("\n")[0]]).toEqual([0, "y  f32[1, 3] = [0, 0.2, 0]"]);
    const { stderr } = await cli.run("run", model, "--input", `x=${file}`, "--dim", "H=9", "--no-progress");
    expect(stderr).toContain("expected 9 rows of pixels, found 8");
    expect((await cli.run("compare", model, "--input", `x=${file}`)).stderr).toContain("is a picture");
  });

  test("an input that the model refuses while it runs is an error that names the node", async () => {
    const pick = cli.model(
      "pick.onnx",
      `<ir_version: 8, opset_import: ["" : 17]>
pick (float[3] x, int64[1] i) => (float[1] y) { [the_gather] y = Gather (x, i) }`,
    );
    const bad = archive("pick.npz", { x: tensor("f32", [3], [1, 2, 3]), i: tensor("i64", [1], [7]) });
    const { code, stdout, stderr } = await cli.run("run", pick, "--inputs", bad);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error\[E0520\]: the model stopped: .*7/m);
    expect(stderr).toContain('--> node "the_gather" in pick.onnx');
    const good = archive("good.npz", { "0": tensor("f32", [3], [1, 2, 3]), "1": tensor("i64", [1], [-1]) });
    expect((await cli.run("run", pick, "--inputs", good)).stdout).toMatch(/^y {2}f32\[1\] = \[3\]\n/);
  });

  test("sizes that contradict each other are refused", async () => {
    const add = cli.model(
      "add.onnx",
      `<ir_version: 8, opset_import: ["" : 17]>
add (float[N] a, float[N] b) => (float[N] c) { c = Add (a, b) }`,
    );
    const sizes = archive("sizes.npz", { a: tensor("f32", [2], [1, 2]), b: tensor("f32", [3], [1, 2, 3]) });
    const { code, stderr } = await cli.run("run", add, "--inputs", sizes, "--no-progress");
    expect([code, stderr.slice(0, 12)]).toEqual([2, "error[E0520]"]);
    expect(stderr).toContain("b");
  });
});

describe("compare", patience, () => {
  interface CompareDocument {
    readonly ok: boolean;
    readonly reference: object;
    readonly outputs: readonly Record<string, unknown>[];
    readonly layers?: readonly Record<string, unknown>[];
    readonly firstDivergence: object | null;
  }

  test("ONNX Runtime agrees, layer by layer", async () => {
    const { code, document } = await cli.json<CompareDocument>("compare", tiny, "--inputs", inputs, "--layers");
    expect(code).toBe(0);
    expect(document).toMatchObject({ ok: true, reference: { engine: "onnxruntime" }, firstDivergence: null });
    expect(document.outputs).toMatchObject([
      { name: "y", type: "f32[2, 3]", ok: true, maxAbsError: 0, maxRelError: 0 },
    ]);
    expect(document.layers).toMatchObject([{ name: "m", node: "", op: "MatMul", ok: true }]);
  });

  test("expected results that differ are an error which names the first value that does", async () => {
    const wrong = archive("wrong.npz", { "0": tensor("f32", [2, 3], [1, 2, 3, 5, 7, 9.5]) });
    const { code, document } = await cli.json<CompareDocument>(
      "compare",
      tiny,
      "--inputs",
      inputs,
      "--expected",
      wrong,
    );
    expect(code).toBe(5);
    expect(document).toMatchObject({
      ok: false,
      outputs: [{ name: "y", ok: false, maxAbsError: 0.5 }],
      firstDivergence: { name: "y", op: "Relu" },
      diagnostics: [{ code: "E0530", op: "Relu", file: tiny }],
    });
    const near = ["--atol", "0.6"];
    expect((await cli.run("compare", tiny, "--inputs", inputs, "--expected", wrong, ...near)).code).toBe(0);
  });

  test("the first divergence is the earliest in the graph, whatever the order of the archive", async () => {
    const wrong = archive("layers.npz", {
      y: tensor("f32", [2, 3], [0, 0, 0, 0, 0, 0]),
      m: tensor("f32", [2, 3], [1, 2, 3, 5, 7, 8]),
    });
    const flags = ["--inputs", inputs, "--expected", wrong, "--layers"];
    const { code, document } = await cli.json<CompareDocument>("compare", tiny, ...flags);
    expect(code).toBe(5);
    expect(document.firstDivergence).toMatchObject({ name: "m", op: "MatMul" });
  });
});

describe("build", patience, () => {
  test("a crate in a folder of its own gets its program where cargo would put it", async () => {
    const { code, document } = await cli.json<{ program: string }>("build", tiny, "-o", "built");
    expect(code).toBe(0);
    expect(document).toMatchObject({
      model: tiny,
      ok: true,
      target: "native",
      crate: { name: "tiny" },
      program: join(cli.folder, "built", "target", "release", "tiny"),
      seconds: { compile: expect.any(Number), cargo: expect.any(Number) },
    });
    const { stdout } = await execa(document.program, ["--inputs", join(cli.folder, inputs)]);
    expect(stdout).toBe("y: f32[2, 3] = [1.0, 2.0, 3.0, 5.0, 7.0, 9.0]");
    for (const given of [
      ["--inputs", cli.write("compressed.npz", deflated("x.npy", writeNpy(rows)))],
      ["--input", `x=${cli.write("standalone.pb", encodeTensorProto(rows, ""))}`],
      [
        "--input",
        `0=${cli.write("one_array.npz", writeNpz(new Map([["any", rows]])))}`,
        "--inputs",
        archive("w.npz", { x: products }),
      ],
    ])
      expect((await execa(document.program, given, { cwd: cli.folder })).stdout).toBe(stdout);
    const help = await execa(document.program, ["--help"]);
    expect(help.stdout).toContain('inputs:\n  "x": f32[N, 2]');
  });

  test("a target without a standard library is an error of the toolchain", async () => {
    const { code, stderr } = await cli.run("build", tiny, "--target", "riscv64gc-unknown-none-elf");
    expect([code, stderr]).toEqual([6, expect.stringContaining("rustup target add riscv64gc-unknown-none-elf")]);
  });

  test("a target that rustc does not know is an error of the toolchain", async () => {
    const { code, stderr } = await cli.run("build", tiny, "--target", "abacus");
    expect([code, stderr]).toEqual([6, expect.stringContaining("error[E0513]")]);
  });

  test("without cargo there is an error of the toolchain, and compiling still works", async () => {
    const without = commandLine({ env: { PATH: "/nowhere" } });
    const model = without.model("other.onnx", tinyModel.replace("5, 6", "5, 60"));
    const { code, stderr } = await without.run("run", model, "--random");
    expect([code, stderr]).toEqual([6, expect.stringContaining("error[E0510]: cargo is not installed")]);
    expect((await without.run("compile", model)).code).toBe(0);
  });
});

describe("the crate", patience, () => {
  test("is formatted, free of lints, tests itself, and its README's example works", async () => {
    const expected = archive("expected.npz", { y: products });
    await cli.run("compile", tiny, "-o", "crate", "--inputs", inputs, "--expected", expected);
    const cwd = join(cli.folder, "crate");
    const example = /```rust\n(.*?)```/s.exec(readFileSync(join(cwd, "README.md"), "utf8"))?.[1] ?? "";
    mkdirSync(join(cwd, "examples"));
    writeFileSync(join(cwd, "examples", "readme.rs"), example);
    const env = { CARGO_TARGET_DIR: target };
    const cargo = async (...args: string[]): Promise<string> => {
      const { all, exitCode } = await execa("cargo", args, { cwd, env, all: true, reject: false });
      return exitCode === 0 ? "" : all;
    };
    expect(await cargo("fmt", "--check")).toBe("");
    expect(await cargo("clippy", "--offline", "--locked", "--all-targets", "--no-deps", "--", "-D", "warnings")).toBe(
      "",
    );
    expect(await cargo("test", "--offline", "--locked")).toBe("");
    expect(await cargo("run", "--offline", "--locked", "--example", "readme")).toBe("");
  });

  test("fails its own test where the expected outputs are others", async () => {
    const expected = archive("others.npz", { y: tensor("f32", [2, 3], [1, 2, 3, 5, 7, 10]) });
    await cli.run(
      "compile",
      tiny,
      "-o",
      "others",
      "--inputs",
      inputs,
      "--expected",
      expected,
      "--crate-name",
      "others",
    );
    const { exitCode, all } = await cargo(join(cli.folder, "others"), "test", ...shared);
    expect([exitCode, all]).toEqual([101, expect.stringContaining("element 5: expected 10, found 9")]);
  });
});

/** The runtime that the programs of these tests have been built with: it need not be compiled once more. */
const { runtime, target } = sharedFolders({ env: { ONNXIDIZE_CACHE: testCache } });
const shared = ["--offline", "--release", "--config", `paths=[${JSON.stringify(runtime)}]`];

async function cargo(cwd: string, ...args: string[]): Promise<{ exitCode: number | undefined; all: string }> {
  const env = { CARGO_TARGET_DIR: target };
  const { all, exitCode } = await execa("cargo", args, { cwd, env, all: true, reject: false });
  return { exitCode, all };
}

/** A zip file with one member, compressed as numpy's `savez_compressed` does it. */
function deflated(name: string, bytes: Uint8Array): Uint8Array {
  const [packed, path] = [deflateRawSync(bytes), Buffer.from(name)];
  const sizes = Buffer.alloc(12);
  sizes.writeUInt32LE(crc32(bytes));
  sizes.writeUInt32LE(packed.length, 4);
  sizes.writeUInt32LE(bytes.length, 8);
  const common = Buffer.concat([
    Buffer.from([20, 0, 0, 0, 8, 0, 0, 0, 33, 0]),
    sizes,
    Buffer.from([path.length, 0, 0, 0]),
  ]);
  const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, path, packed]);
  const entry = Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), common, Buffer.alloc(14), path]);
  const end = Buffer.concat([Buffer.from("PK\u0005\u0006"), Buffer.from([0, 0, 0, 0, 1, 0, 1, 0]), Buffer.alloc(10)]);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}

/** A .npy file whose first index runs fastest. */
function fortran(shape: readonly number[], values: readonly number[]): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': True, 'shape': (${shape.join(", ")}), }`.padEnd(117) + "\n";
  const head = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]);
  return Buffer.concat([head, Buffer.from(header, "latin1"), Buffer.from(new Float32Array(values).buffer)]);
}
