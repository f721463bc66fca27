import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fileSource } from "./byte_source.ts";
import { loadModel } from "./load_model.ts";
import { type FrontendCode, frontendCodes, quote } from "./onnx_error.ts";
import { parseOnnxText } from "./onnx_text.ts";
import { decodeOptionalProto, encodeValueProto } from "./tensor_proto.ts";
import { bytesField, intField, message, textField } from "./wire_write.ts";

const folder = mkdtempSync(join(tmpdir(), "onnx-error-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function load(...parts: Uint8Array[]): unknown {
  const path = join(folder, "model.onnx");
  writeFileSync(path, message(...parts));
  return loadModel(path);
}
const graph = (...parts: Uint8Array[]): Uint8Array => bytesField(7, message(...parts));
const tensor = (...parts: Uint8Array[]): Uint8Array => bytesField(5, message(textField(8, "w"), ...parts));
const external = (location: string): Uint8Array =>
  graph(
    tensor(intField(2, 1), bytesField(13, message(textField(1, "location"), textField(2, location))), intField(14, 1)),
  );
const parse = (text: string): unknown => parseOnnxText(`<ir_version: 8> g () => () ${text}`);

function changeWhileReading(): unknown {
  const path = join(folder, "changing.bin");
  writeFileSync(path, "before");
  const source = fileSource(path, 0);
  writeFileSync(path, "afterwards");
  return source.read(0, 1);
}

function readLink(): unknown {
  writeFileSync(join(folder, "target.bin"), "1234");
  symlinkSync(join(folder, "target.bin"), join(folder, "link.bin"));
  return load(external("link.bin"));
}

let nested = message();
for (let i = 0; i < 65; i++)
  nested = message(
    bytesField(1, message(textField(4, "If"), bytesField(5, message(textField(1, "b"), bytesField(6, nested))))),
  );

/** For each code an input that it is the answer to. */
const examples: Record<FrontendCode, () => unknown> = {
  E0100: () => loadModel(join(folder, "missing.onnx")),
  E0101: () => load(),
  E0102: () => load(new Uint8Array(Buffer.from("PK\x03\x04"))),
  E0103: () => load(Uint8Array.of(0x3a, 0x7f)),
  E0104: () => load(graph(tensor(intField(1, 2n ** 41n), intField(2, 1)))),
  E0105: () => load(bytesField(7, nested)),
  E0106: () => load(textField(1, "x")),
  E0107: () => load(graph(bytesField(1, intField(15, 1)))),
  E0108: () => load(graph(bytesField(1, bytesField(4, Uint8Array.of(0xff))))),
  E0109: () => load(graph(tensor(intField(2, 99)))),
  E0110: () => load(graph(tensor(intField(2, 1), intField(1, -2)))),
  E0111: () => load(graph(tensor(intField(2, 1)))),
  E0112: () => load(graph(tensor(intField(2, 1), intField(7, 1)))),
  E0113: () => load(graph(tensor(intField(2, 2), intField(5, 300)))),
  E0114: () => load(graph(bytesField(15, message()))),
  E0115: () => load(external("")),
  E0116: () => load(external("../w.bin")),
  E0117: readLink,
  E0118: () => load(external("missing.bin")),
  E0119: () => parse('<float w = ["location": "w.bin"]> {}'),
  E0120: changeWhileReading,
  E0121: () => load(graph(bytesField(1, message(textField(4, "Op"), bytesField(5, message()))))),
  E0122: () => load(intField(1, 8)),
  E0123: () => parse("<float w = {1}, float w = {2}> {}"),
  E0124: () => parse("<w = {1}> {}"),
  E0125: () => load(graph(bytesField(11, bytesField(2, bytesField(7, message()))))),
  E0126: () => load(graph(), graph()),
  E0130: () => parse("{ $ }"),
  E0131: () => parse("{ y Op () }"),
  E0132: () => parse("<uint8 w = {256}> {}"),
  E0133: () => parse('{ y = Op <a = [1, "x"]> () }'),
  E0140: () => decodeOptionalProto(intField(2, 9)),
  E0141: () => encodeValueProto("tensor", null, "x"),
};

test.each(Object.keys(frontendCodes) as FrontendCode[])("%s is the answer to an input", (code) => {
  expect(examples[code]).toThrow(expect.objectContaining({ code, exit: frontendCodes[code].exit }));
});

test("codes are in the front end's range, and their texts complete", () => {
  for (const [code, { title, help }] of Object.entries(frontendCodes)) {
    expect(code).toMatch(/^E01[0-4][0-9]$/);
    expect(title).toMatch(/^[a-zA-Z].*[^.]$/);
    expect(help).toMatch(/\.$/);
  }
});

test("quoted text is short and harmless", () => {
  expect(quote("plain")).toBe('"plain"');
  expect(quote("a\u001b[0m\u009b\u202e\u2028")).toBe('"a\\u001b[0m\\u009b\\u202e\\u2028"');
  expect(quote("x".repeat(100))).toBe(`"${"x".repeat(80)}…"`);
});
