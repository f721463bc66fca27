import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { plainModel } from "../testing/plain_model.ts";
import { fileSource } from "./byte_source.ts";
import { decodeModelFrom } from "./decode_model.ts";
import { defaultLimits } from "./limits.ts";
import { decodeModel, loadModel } from "./load_model.ts";
import { encodeVarint } from "./skeleton.ts";
import { bytesField, intField, intsField, message, textField } from "./wire_write.ts";

const folder = mkdtempSync(join(tmpdir(), "load-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

vi.setConfig({ testTimeout: 60_000 });

const path = (name: string): string => join(folder, name);
function write(name: string, content: string | Uint8Array): string {
  writeFileSync(path(name), content);
  return path(name);
}
const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));

test.each<[string, string, string | Uint8Array]>([
  ["E0101", "is empty", ""],
  ["E0102", "is a Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"],
  ["E0102", "is a web page", "\n<!DOCTYPE html><html></html>"],
  ["E0102", "is a web page", "<html><body>404</body></html>"],
  ["E0102", "is a JSON file", '{"error": "not found"}'],
  ["E0102", "is a zip archive", latin1("PK\x03\x04....")],
  ["E0102", "is a TensorFlow Lite model", latin1("\x1c\0\0\0TFL3....")],
  ["E0102", "is a model in ONNX Runtime's own format", latin1("\x1c\0\0\0ORTM....")],
  ["E0102", "is an HDF5 file", latin1("\x89HDF\r\n\x1a\n")],
  ["E0102", "is a Python pickle", latin1("\x80\x02}q\0.")],
  ["E0102", "is a safetensors file", latin1('\x10\0\0\0\0\0\0\0{"a":{}}')],
  ["E0102", "is a GGUF file", "GGUF...."],
  ["E0102", "is a NumPy array", latin1("\x93NUMPY\x01\0")],
  ["E0102", "is a gzip archive", latin1("\x1f\x8b\x08")],
  ["E0102", "is an XML file", "<?xml version='1.0'?><net/>"],
  ["E0103", "runs past the end", message(intField(1, 8), latin1("\x3a\x7f"))],
  ["E0106", "field 1 of a model: expected wire type 0, found 2", textField(1, "a TensorFlow GraphDef")],
  ["E0122", "has no graph", intField(1, 8)],
])("%s: a file that %s", (code, text, content) => {
  const file = write("model.onnx", content);
  const wanted = expect.objectContaining({ code, exit: 3, message: expect.stringContaining(text) });
  expect(() => loadModel(file)).toThrow(wanted);
});

test.each([
  ["a missing file", "missing.onnx", "no such file"],
  ["a folder", ".", "a folder"],
  ["a file as a folder", "model.onnx/x", "not a folder"],
  ["a name with a zero character", "a\0b", "zero character"],
])("E0100: %s", (_, name, text) => {
  write("model.onnx", "x");
  const wanted = expect.objectContaining({ code: "E0100", message: expect.stringContaining(text) });
  expect(() => loadModel(`${folder}/${name}`)).toThrow(wanted);
});

const text = '<ir_version: 8, opset_import: ["": 17]> g (float[N] x) => (float[N] y) { y = Relu (x) }';

test.each([
  ["by its name", "model.onnxtxt", text],
  ["by its content", "model.onnx", `# a comment\n${text}`],
  ["with a byte order mark", "model.onnxtxt", `\ufeff${text}`],
])("text is recognised %s", (_, name, content) => {
  expect(loadModel(write(name, content)).graph.nodes[0]?.opType).toBe("Relu");
});

test("text that is not UTF-8 is refused", () => {
  const file = write("model.onnxtxt", latin1('<ir_version: 8> g () => () { y = "\xff" () }'));
  expect(() => loadModel(file)).toThrow(expect.objectContaining({ code: "E0108" }));
});

test("control characters in names do not reach the terminal", () => {
  const bytes = message(
    bytesField(7, bytesField(5, message(intField(1, -1), intField(2, 1), textField(8, "\u001b[31m\u202e")))),
  );
  expect(() => decodeModel(bytes)).toThrow(
    expect.objectContaining({ message: 'tensor "\\u001b[31m\\u202e" has the dimension -1' }),
  );
});

test("a file that changes between two reads is an error", () => {
  const file = write("big.bin", new Uint8Array(100));
  const source = fileSource(file, 10);
  expect(source.read(90, 10)).toHaveLength(10);
  write("big.bin", new Uint8Array(101));
  expect(() => source.read(0, 1)).toThrow(expect.objectContaining({ code: "E0120" }));
  expect(() => source.read(99, 2)).toThrow(expect.objectContaining({ code: "E0103" }));
});

test("a file read in pieces gives what it gives as a whole", () => {
  const nodes = Array.from({ length: 1000 }, (_, i) =>
    bytesField(
      1,
      message(
        textField(1, `value${i}`),
        textField(4, `Operator${"x".repeat(i % 97)}`),
        textField(6, "a comment that is left out ".repeat(i % 5)),
        bytesField(
          5,
          message(
            textField(1, `a${"ä".repeat(i % 61)}`),
            intsField(
              8,
              Array.from({ length: i % 200 }, (_, k) => k * i),
            ),
            intField(20, 7),
          ),
        ),
        bytesField(9, message(textField(1, "k"), textField(2, `${i}`))),
      ),
    ),
  ).map((field, i) => (i % 7 === 0 ? message(field, initializer(i)) : field));
  const file = write("pieces.onnx", message(intField(1, 8), bytesField(7, message(...nodes))));
  const inPieces = decodeModelFrom(fileSource(file, 0), defaultLimits, undefined);
  expect(plainModel(inPieces)).toEqual(plainModel(loadModel(file)));
});

function initializer(i: number): Uint8Array {
  const bytes = Uint8Array.from({ length: (i * 37) % 3000 }, (_, k) => k + i);
  return bytesField(5, message(textField(8, `w${i}`), intField(1, bytes.length), intField(2, 2), bytesField(9, bytes)));
}

/** Header of a length-delimited field whose content is elsewhere. */
const open = (field: number, length: number): Uint8Array => message(encodeVarint(field * 8 + 2), encodeVarint(length));

/** Writes a model with a u8 initialiser of `size` bytes, which is a hole in the file, and a small one behind it. */
function writeSparseModel(file: string, size: number, last: Uint8Array): void {
  const big = message(intField(1, size), intField(2, 2), textField(8, "big"), open(9, size));
  const small = message(intField(1, last.length), intField(2, 2), textField(8, "small"), bytesField(9, last));
  const node = bytesField(1, message(textField(4, "Op"), textField(1, "big")));
  const before = message(node, open(5, big.length + size), big);
  const after = bytesField(5, small);
  const head = message(intField(1, 8), open(7, before.length + size + after.length), before);
  const fd = openSync(file, "w");
  writeSync(fd, head);
  writeSync(fd, after, 0, after.length, head.length + size);
  closeSync(fd);
}

const disk = statfsSync(folder);

test.skipIf(disk.bavail * disk.bsize < 8 * 2 ** 30)("a file of 3 GiB opens without being read", () => {
  const size = 3 * 2 ** 30;
  const last = Uint8Array.from({ length: 1000 }, (_, i) => i);
  writeSparseModel(path("huge.onnx"), size, last);
  const before = process.memoryUsage().rss;
  const model = loadModel(path("huge.onnx"));
  expect(process.memoryUsage().rss - before).toBeLessThan(256 * 2 ** 20);
  expect(model.graph.initializers).toMatchObject([
    { name: "big", literal: { dtype: "u8", shape: [size], splat: undefined } },
    { name: "small", literal: { dtype: "u8", shape: [1000] } },
  ]);
  expect(model.graph.initializers[1]?.literal.load().data).toEqual(last);
});
