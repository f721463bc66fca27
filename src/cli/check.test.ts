import { expect, test } from "vitest";
import { commandLine, tinyModel } from "../testing/command_line.ts";

const cli = commandLine();
const good = cli.model("good.onnx", tinyModel);
const bad = cli.model(
  "bad.onnx",
  `<ir_version: 8, opset_import: ["" : 17, "my" : 1]>
bad (float[N, 2] x) => (float[N, 3] y) {
  w = Constant <value = float[3, 3] {1, 2, 3, 4, 5, 6, 7, 8, 9}> ()
  [first] m = MatMul (x, w)
  y = Relu (m)
  [second] z = my.Foo (x)
  [third] t = Foo (x)
  [fourth] t2 = Foo (x)
  [fifth] u = Relu <beta = 2.0> (x)
  v = Add (x, t)
}`,
);

interface Checked {
  readonly model: string;
  readonly ok: boolean;
  readonly diagnostics: readonly Record<string, string>[];
}

test("a good model is said to be good", async () => {
  expect(await cli.run("check", good)).toEqual({ code: 0, stdout: "good.onnx: can be compiled\n", stderr: "" });
});

test("everything that is wrong is told at once, with nodes; nothing is written", async () => {
  const before = cli.files();
  const { code, document } = await cli.json<Checked>("check", bad);
  expect(code).toBe(4);
  expect(document).toMatchObject({ model: bad, ok: false });
  expect(document.diagnostics.map((d) => [d.code, d.node, d.op])).toEqual([
    ["E0150", "second", "Foo"],
    ["E0150", "third, fourth", "Foo"],
    ["E0201", "first", "MatMul"],
    ["E0156", "fifth", "Relu"],
  ]);
  for (const d of document.diagnostics)
    expect(Object.keys(d).sort()).toEqual(["code", "file", "help", "message", "node", "op", "severity"]);
  expect(document.diagnostics.every((d) => d.file === bad && d.severity === "error")).toBe(true);
  expect(cli.files()).toEqual(before);
});

test("several models give a document each, in order; the code is that of the first bad one", async () => {
  const { code, stdout, stderr } = await cli.run("check", good, "none.onnx", bad, "--json");
  const documents = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Checked);
  expect(documents.map((d) => [d.model, d.ok])).toEqual([
    [good, true],
    ["none.onnx", false],
    [bad, false],
  ]);
  expect([code, stderr]).toEqual([3, ""]);
});

test("for people problems go to stderr and the verdicts to stdout", async () => {
  const { code, stdout, stderr } = await cli.run("check", bad, good);
  expect([code, stdout]).toEqual([4, "bad.onnx: 4 errors\ngood.onnx: can be compiled\n"]);
  expect(stderr).toContain('error[E0201]: MatMul: rows of b: expected 2, found 3\n  --> node "first" in bad.onnx');
});

test("a name that is nearly right is suggested", async () => {
  const { code, stderr } = await cli.run("check", "god.onnx");
  expect([code, stderr]).toEqual([
    3,
    'error[E0100]: there is no file "god.onnx"\n  --> god.onnx\n  = help: did you mean "good.onnx"?\n',
  ]);
});

test("warnings are told and do not fail; --quiet keeps them", async () => {
  const odd = cli.model(
    "odd.onnx",
    `<ir_version: 8, opset_import: ["" : 17]>
odd (float[2] x) => (float[3] y) { y = Relu (x) }`,
  );
  const loud = await cli.run("check", odd);
  expect([loud.code, loud.stderr.slice(0, 14)]).toEqual([0, "warning[W0501]"]);
  expect(await cli.run("check", odd, "--quiet")).toMatchObject({ code: 0, stderr: "" });
  const { document } = await cli.json<Checked>("check", odd);
  expect(document).toMatchObject({ ok: true, diagnostics: [{ code: "W0501", severity: "warning" }] });
});
