/** Files that are broken before anybody looks at their graph: encoding, tensors, data in other files. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bytesField, intField, message, textField } from "../frontend/wire_write.ts";
import { type BadModel, bytes, file, header } from "./bad_model.ts";
import { dims, floats, graph, initializer, input, model, node, opset, output } from "./proto_parts.ts";

/** `y = Add(x, w)` with these fields as the tensor `w`. */
const withTensor = (...fields: Uint8Array[]): Uint8Array =>
  model(graph(node("Add", ["x", "w"], ["y"]), initializer(textField(8, "w"), ...fields), input("x", [2]), output("y")));

const entry = (key: string, value: string): Uint8Array =>
  bytesField(13, message(textField(1, key), textField(2, value)));
/** The same with `w` of two floats in a file. */
const external = (...entries: Uint8Array[]): Uint8Array =>
  withTensor(dims(2), intField(2, 1), ...entries, intField(14, 1));

const externalCase = (
  name: string,
  code: string,
  exit: number,
  entries: Record<string, string>,
  prepare: (folder: string) => void = () => {},
): BadModel => ({
  name,
  code,
  exit,
  node: "w",
  make(folder) {
    prepare(folder);
    return bytes(external(...Object.entries(entries).map(([k, v]) => entry(k, v))))(folder);
  },
});

const good = model(graph(node("Relu", ["x"], ["y"]), input("x", [2]), output("y")));

export const badFiles: readonly BadModel[] = [
  // The file.
  { name: "no such file", code: "E0100", exit: 3, make: () => "none.onnx" },
  {
    name: "a folder",
    code: "E0100",
    exit: 3,
    make(folder) {
      mkdirSync(join(folder, "model.onnx"));
      return "model.onnx";
    },
  },
  file("empty", "E0101", 3, ""),
  file("a web page", "E0102", 3, "<!DOCTYPE html><html><body>404</body></html>"),
  file("a Git LFS pointer", "E0102", 3, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", {
    says: "Git LFS",
  }),
  file("a zip archive", "E0102", 3, "PK\u0003\u0004 and so on"),
  file("a GGUF file", "E0102", 3, "GGUF\u0003\0\0\0"),
  file("noise", "E0103", 3, new Uint8Array([0x9c, 0x11, 0xff, 0xfe, 0x80, 0x80, 0x03, 0x7f, 0x44, 0x90])),
  file("truncated", "E0103", 3, good.subarray(0, good.length - 9)),
  file(
    "a length beyond the end",
    "E0103",
    3,
    message(intField(1, 10), new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f])),
  ),
  file("two models in a row", "E0126", 3, message(good, good)),
  file("no graph", "E0122", 3, message(intField(1, 10), opset("", 21))),
  file(
    "a name that is no UTF-8",
    "E0108",
    3,
    model(
      graph(
        bytesField(1, message(bytesField(1, new Uint8Array([0xff, 0xfe])), textField(4, "Relu"), textField(2, "y"))),
        output("y"),
      ),
    ),
  ),
  file("a name of 5000 letters", "E0104", 4, model(graph(node("Relu", ["x"], ["y".repeat(5000)]), input("x", [2])))),
  file("a wrong wire type", "E0106", 3, message(textField(1, "ten"), bytesField(7, graph()))),
  file("text with a syntax error", "E0131", 3, `${header}\ng (float[2] x) => (float[2] y) { y = Relu x }`),
  file("text with a stray character", "E0130", 3, `${header}\ng (float[2] x) => (float[2] y) { y = Relu (x) ; }`),

  // Tensors.
  file("an element type that does not exist", "E0109", 3, withTensor(dims(2), intField(2, 99), floats(2)), {
    node: "w",
  }),
  file("a negative dimension", "E0110", 3, withTensor(dims(-2), intField(2, 1), floats(2)), { node: "w" }),
  file(
    "dimensions whose product is absurd",
    "E0104",
    4,
    withTensor(dims(2n ** 40n, 2n ** 40n), intField(2, 1), floats(2)),
  ),
  file("forty dimensions", "E0104", 4, withTensor(dims(...new Array<number>(40).fill(1)), intField(2, 1), floats(1))),
  file("raw data too short", "E0111", 3, withTensor(dims(2), intField(2, 1), floats(1)), { node: "w" }),
  file("raw data too long", "E0111", 3, withTensor(dims(2), intField(2, 1), floats(3)), { node: "w" }),
  file("data in the wrong field", "E0112", 3, withTensor(dims(2), intField(2, 1), intField(5, 1), intField(5, 2)), {
    node: "w",
  }),
  file("a value out of range", "E0113", 3, withTensor(dims(2), intField(2, 2), intField(5, 300), intField(5, 2)), {
    node: "w",
  }),
  file(
    "two initialisers of one name",
    "E0123",
    3,
    model(
      graph(
        node("Relu", ["w"], ["y"]),
        ...[1, 2].map(() => initializer(dims(1), intField(2, 1), textField(8, "w"), floats(1))),
        output("y"),
      ),
    ),
    { says: '"w"' },
  ),

  // Data in other files.
  externalCase("external data above the folder", "E0116", 7, { location: "../secret" }),
  externalCase("external data by an absolute path", "E0116", 7, { location: "/etc/passwd" }),
  externalCase("external data by a Windows path", "E0116", 7, { location: "C:\\secret" }),
  externalCase("external data through a link", "E0117", 7, { location: "link" }, (f) =>
    symlinkSync("/etc/hostname", join(f, "link")),
  ),
  externalCase("external data through a linked folder", "E0116", 7, { location: "out/passwd" }, (f) =>
    symlinkSync("/etc", join(f, "out")),
  ),
  externalCase("external data with two names", "E0117", 7, { location: "b" }, (f) => {
    writeFileSync(join(f, "a"), new Uint8Array(8));
    linkSync(join(f, "a"), join(f, "b"));
  }),
  externalCase("external data that is a folder", "E0117", 7, { location: "sub" }, (f) => mkdirSync(join(f, "sub"))),
  externalCase("external data that is missing", "E0118", 3, { location: "weights.bin" }),
  externalCase("external data that is too short", "E0118", 3, { location: "w.bin" }, (f) =>
    writeFileSync(join(f, "w.bin"), new Uint8Array(4)),
  ),
  externalCase("external data with a negative offset", "E0115", 3, { location: "w.bin", offset: "-8" }, (f) =>
    writeFileSync(join(f, "w.bin"), new Uint8Array(8)),
  ),
  externalCase("external data with a huge offset", "E0118", 3, { location: "w.bin", offset: "9007199254740000" }, (f) =>
    writeFileSync(join(f, "w.bin"), new Uint8Array(8)),
  ),
  externalCase("external data of another length", "E0111", 3, { location: "w.bin", length: "4" }, (f) =>
    writeFileSync(join(f, "w.bin"), new Uint8Array(8)),
  ),
  externalCase("external data with an unknown key", "E0115", 3, { location: "w.bin", script: "rm" }),
  externalCase("external data without a location", "E0115", 3, { offset: "0" }),
];
