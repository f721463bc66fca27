import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dtypeToOnnx } from "../ir/dtype.ts";
import { loadModel } from "./load_model.ts";
import { bytesField, intField, message, textField } from "./wire_write.ts";

const base = mkdtempSync(join(tmpdir(), "external-"));
const folder = join(base, "model");
mkdirSync(join(folder, "sub"), { recursive: true });
afterAll(() => rmSync(base, { recursive: true, force: true }));

const data = new Uint8Array(Float32Array.from([1, 2, 3, 4]).buffer);
writeFileSync(join(folder, "w.bin"), data);
writeFileSync(join(folder, "sub", "w.bin"), data);
writeFileSync(join(folder, "linked.bin"), data);
linkSync(join(folder, "linked.bin"), join(base, "other-name.bin"));
writeFileSync(join(base, "secret.bin"), data);
symlinkSync(join(folder, "w.bin"), join(folder, "link.bin"));
symlinkSync(base, join(folder, "up"));
symlinkSync(join(folder, "sub"), join(folder, "inside"));

const entry = (key: string, value: string): Uint8Array =>
  bytesField(13, message(textField(1, key), textField(2, value)));

/** Loads a model whose tensor of two floats has these entries of external data; returns the floats. */
function load(
  entries: Readonly<Record<string, string>>,
  extra: Uint8Array = new Uint8Array(),
  root?: string,
): number[] {
  const tensor = message(
    intField(1, 2),
    intField(2, dtypeToOnnx("f32")),
    textField(8, "w"),
    ...Object.entries(entries).map(([key, value]) => entry(key, value)),
    intField(14, 1),
    extra,
  );
  const path = join(folder, "model.onnx");
  writeFileSync(path, message(intField(1, 8), bytesField(7, bytesField(5, tensor))));
  const model = loadModel(path, root === undefined ? {} : { externalDataRoot: root });
  return Array.from(model.graph.initializers[0]?.literal.load().data as Float32Array);
}

test.each<[string, Record<string, string>, number[]]>([
  ["a range", { location: "w.bin", offset: "4", length: "8" }, [2, 3]],
  ["the beginning, where no offset is given", { location: "w.bin", length: "8" }, [1, 2]],
  ["as much as the shape needs, where no length is given", { location: "w.bin", offset: "8" }, [3, 4]],
  ["a file in a folder below", { location: "sub/w.bin", offset: "8" }, [3, 4]],
  ["a path that begins with a dot", { location: "./w.bin" }, [1, 2]],
  ["a folder that is a link to one inside", { location: "inside/w.bin" }, [1, 2]],
  ["keys without effect", { location: "w.bin", checksum: "00", basepath: "/nowhere" }, [1, 2]],
])("reads %s", (_, entries, wanted) => {
  expect(load(entries)).toEqual(wanted);
});

test.each<[string, string, number, Record<string, string>]>([
  ["no location", "E0115", 3, { offset: "0" }],
  ["an empty location", "E0115", 3, { location: "" }],
  ["an unknown key", "E0115", 3, { location: "w.bin", __class__: "x" }],
  ["a negative offset", "E0115", 3, { location: "w.bin", offset: "-4" }],
  ["an offset in hexadecimal", "E0115", 3, { location: "w.bin", offset: "0x4" }],
  ["an offset beyond exact numbers", "E0115", 3, { location: "w.bin", offset: "9999999999999999" }],
  ["another length than the shape's", "E0111", 3, { location: "w.bin", length: "12" }],
  ["a range beyond the end", "E0118", 3, { location: "w.bin", offset: "12" }],
  ["a missing file", "E0118", 3, { location: "missing.bin" }],
  ["a file as a folder", "E0118", 3, { location: "w.bin/x" }],
  ["the folder above", "E0116", 7, { location: "../secret.bin" }],
  ["a way out and back in", "E0116", 7, { location: "sub/../w.bin" }],
  ["an absolute path", "E0116", 7, { location: "/etc/passwd" }],
  ["a drive letter", "E0116", 7, { location: "C:secret.bin" }],
  ["backslashes", "E0116", 7, { location: "..\\secret.bin" }],
  ["a zero character", "E0116", 7, { location: "w.bin\0.txt" }],
  ["a folder that is a link to outside", "E0116", 7, { location: "up/secret.bin" }],
  ["a link", "E0117", 7, { location: "link.bin" }],
  ["a file with two names", "E0117", 7, { location: "linked.bin" }],
  ["a folder", "E0117", 7, { location: "sub" }],
])("refuses %s", (_, code, exit, entries) => {
  expect(() => load(entries)).toThrow(expect.objectContaining({ code, exit, node: "w" }));
});

test("a key may occur once", () => {
  expect(() => load({ location: "w.bin" }, entry("location", "sub/w.bin"))).toThrow(
    expect.objectContaining({ code: "E0115" }),
  );
});

test("own and external data exclude each other", () => {
  expect(() => load({ location: "w.bin" }, bytesField(9, data.subarray(0, 8)))).toThrow(
    expect.objectContaining({ code: "E0112" }),
  );
});

test("another root may be given", () => {
  expect(load({ location: "secret.bin" }, undefined, base)).toEqual([1, 2]);
});

test("a pipe is refused without waiting for a writer", async () => {
  const { execFileSync } = await import("node:child_process");
  execFileSync("mkfifo", [join(folder, "pipe")]);
  expect(() => load({ location: "pipe" })).toThrow(expect.objectContaining({ code: "E0117" }));
});
