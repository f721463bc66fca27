import { expect, test } from "vitest";
import { commandLine, tinyModel } from "../testing/command_line.ts";

const cli = commandLine();
const tiny = cli.model("tiny.onnx", tinyModel);

test("a model's facts as JSON", async () => {
  const { code, document } = await cli.json<object>("inspect", tiny);
  expect(code).toBe(0);
  expect(document).toMatchObject({
    model: tiny,
    ok: true,
    irVersion: 8,
    producer: "test",
    opsets: { "ai.onnx": 17 },
    inputs: [{ name: "x", type: "f32[N, 2]", dtype: "f32", shape: ["N", 2] }],
    outputs: [{ name: "y", type: "f32[N, 3]", dtype: "f32", shape: ["N", 3] }],
    dims: ["N"],
    nodes: 3,
    operators: { Constant: 1, MatMul: 1, Relu: 1 },
    parameters: 6,
    macs: "6*N",
    bytes: { weights: expect.any(Number), arena: expect.any(Number), arenaLowerBound: expect.any(Number) },
  });
});

test("sizes are numbers where dimensions are given", async () => {
  const { document } = await cli.json<{ macs: number }>("inspect", tiny, "--dim", "N=100");
  expect(document.macs).toBe(600);
});

test("facts for people name inputs, operators and sizes", async () => {
  const { stdout } = await cli.run("inspect", tiny);
  for (const text of ["x: f32[N, 2]", "y: f32[N, 3]", "ai.onnx 17", "MatMul 1", "parameters  6", "MACs"])
    expect(stdout).toContain(text);
});

test("a model that cannot be compiled is shown as far as its file tells", async () => {
  const bad = cli.model("bad.onnx", tinyModel.replace("Relu (m)", "Foo (m)"));
  const { code, stdout, stderr } = await cli.run("inspect", bad);
  expect(code).toBe(0);
  expect(stdout).toContain("Foo 1");
  expect(stderr).toContain("cannot be compiled");
});

test.each([
  ["import", /%m = matmul\(%x, .*\) : f32\[N, 3\]/],
  ["simplified", /func tiny\(%x: f32\[N, 2\]\) -> \(f32\[N, 3\]\)/],
  ["fused", /= linear\(%x/],
  ["plan", /linear .*MatMul .*Relu/],
  ["rust", /pub fn run<'w>/],
])("the stage %s is printed", async (stage, text) => {
  const { code, stdout } = await cli.run("inspect", tiny, "--stage", stage);
  expect(code).toBe(0);
  expect(stdout).toMatch(text);
  const { document } = await cli.json<{ stage: string; text: string }>("inspect", tiny, "--stage", stage);
  expect(document).toMatchObject({ model: tiny, stage, text: expect.stringMatching(text) });
});
