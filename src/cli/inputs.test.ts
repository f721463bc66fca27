/** What `run` says about inputs, all before anything is compiled. */
import { expect, test } from "vitest";
import { tensor } from "../ir/tensor.ts";
import { writeNpy } from "../tensorfile/npy.ts";
import { writeNpz } from "../tensorfile/npz.ts";
import { commandLine } from "../testing/command_line.ts";

const cli = commandLine();
const model = cli.model(
  "two.onnx",
  `<ir_version: 8, opset_import: ["" : 17]>
two (float[N, 2] x, int64[3] ids, float[2] unused_default) => (float[N, 2] y, int64[3] z)
<float[2] unused_default = {1, 2}>
{ y = Relu (x)  z = Abs (ids) }`,
);
const x = tensor("f32", [1, 2], [1, 2]);
const ids = tensor("i64", [3], [1, 2, 3]);
const archive = (name: string, entries: Record<string, ReturnType<typeof tensor>>): string =>
  cli.write(name, writeNpz(new Map(Object.entries(entries))));

test.each([
  ["none at all", [], "E0503", 'no value for "x", "ids"', "x: f32[N, 2]; ids: i64[3]"],
  ["one missing", ["--inputs", archive("a.npz", { x })], "E0503", 'no value for "ids"', "--random"],
  [
    "another type",
    ["--inputs", archive("b.npz", { x: ids, ids })],
    "E0504",
    'input "x": expected f32[N, 2], found i64[3]',
    "astype",
  ],
  ["another rank", ["--inputs", archive("c.npz", { x: tensor("f32", [2], [1, 2]), ids })], "E0504", "found f32[2]", ""],
  [
    "another extent",
    ["--inputs", archive("d.npz", { x: tensor("f32", [1, 3], [1, 2, 3]), ids })],
    "E0504",
    "found f32[1, 3]",
    "",
  ],
  ["unknown name", ["--inputs", archive("e.npz", { x, ids, w: x })], "E0505", 'no input "w"', "x: f32[N, 2]"],
  ["unknown position", ["--inputs", archive("f.npz", { "0": x, "1": ids, "2": x })], "E0505", 'no input "2"', ""],
  ["unknown single name", ["--input", "w=a.npz"], "E0505", 'no input "w"', ""],
  ["no such archive", ["--inputs", "nothing.npz"], "E0502", 'cannot open "nothing.npz": no such file', ""],
  ["nearly such an archive", ["--inputs", "aa.npz"], "E0502", "cannot open", 'did you mean "a.npz"?'],
  ["no archive", ["--inputs", cli.write("g.npz", writeNpy(x))], "E0502", "is no .npz archive", ""],
  [
    "a damaged archive",
    ["--inputs", cli.write("h.npz", writeNpz(new Map([["x", x]])).subarray(0, 60))],
    "E0502",
    "",
    "",
  ],
  ["a damaged array", ["--input", `x=${cli.write("i.npy", writeNpy(x).subarray(0, 100))}`], "E0502", "", ""],
  ["a damaged protobuf", ["--input", `x=${cli.write("j.pb", new Uint8Array([255, 255]))}`], "E0502", "", ""],
  ["a folder", ["--inputs", "."], "E0502", 'cannot open ".": it is a folder', ""],
])("%s", async (_, flags, code, message, help) => {
  const ran = await cli.run("run", model, ...flags);
  expect(ran.stdout).toBe("");
  expect(ran.stderr).toMatch(new RegExp(`^error\\[${code}\\]: `));
  expect(ran.stderr).toContain(message);
  expect(ran.stderr).toContain(help);
  expect(ran.stderr).not.toMatch(/\n\s+at /);
  expect(ran.code).toBe(2);
});
