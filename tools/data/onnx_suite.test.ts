import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderCases, lightInput } from "./onnx_suite.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "suite-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Empty files, or files with the given text, under the root. */
function files(...paths: (string | [path: string, text: string])[]): void {
  for (const entry of paths) {
    const [path, text] = typeof entry === "string" ? [entry, ""] : entry;
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

test("cases are found at any depth, with ONNX's tolerances where they bring none", () => {
  files("node/test_b/model.onnx", "node/test_a/model.onnx", "more/kinds/test_c/model.onnx", "readme.txt");
  files(["node/test_b/data.json", '{"rtol": 0.002}']);
  expect(folderCases(root)).toEqual([
    {
      kind: "more/kinds",
      name: "test_c",
      modelPath: join(root, "more/kinds/test_c/model.onnx"),
      dataSets: [],
      rtol: 1e-3,
      atol: 1e-7,
    },
    {
      kind: "node",
      name: "test_a",
      modelPath: join(root, "node/test_a/model.onnx"),
      dataSets: [],
      rtol: 1e-3,
      atol: 1e-7,
    },
    {
      kind: "node",
      name: "test_b",
      modelPath: join(root, "node/test_b/model.onnx"),
      dataSets: [],
      rtol: 0.002,
      atol: 1e-7,
    },
  ]);
});

test("a folder of cases and a single case are taken, too", () => {
  files("node/test_a/model.onnx");
  expect(folderCases(join(root, "node")).map((c) => [c.kind, c.name])).toEqual([["node", "test_a"]]);
  expect(folderCases(join(root, "node/test_a")).map((c) => [c.kind, c.name])).toEqual([["node", "test_a"]]);
});

test("data files are in the order of their numbers", () => {
  files("test_a/model.onnx", "test_a/test_data_set_0/output_0.pb", "test_a/test_data_set_0/notes.txt");
  files(...Array.from({ length: 11 }, (_, i) => `test_a/test_data_set_0/input_${i}.pb`));
  const [set] = folderCases(root)[0]?.dataSets ?? [];
  expect(set?.inputs.map((p) => p.slice(join(root, "test_a/test_data_set_0/").length))).toEqual(
    Array.from({ length: 11 }, (_, i) => `input_${i}.pb`),
  );
  expect(set?.outputs).toEqual([join(root, "test_a/test_data_set_0/output_0.pb")]);
});

test("a missing data file is noticed", () => {
  files("test_a/model.onnx", "test_a/test_data_set_0/input_1.pb");
  expect(() => folderCases(root)).toThrow(/input_1.pb found where number 0/);
});

test("the input of the light models is arange(n) / n as a TensorProto", () => {
  const raw = ["00000000", "0000003f"]; // 0 and 0.5
  expect(Buffer.from(lightInput([1, 2])).toString("hex")).toBe(`0801${"0802"}1001${"4a08"}${raw.join("")}`);
});
