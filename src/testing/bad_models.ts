/** Broken and hostile models, made by hand: each with what the command line has to say about it. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeModel } from "../frontend/encode_model.ts";
import { parseOnnxText } from "../frontend/onnx_text.ts";
import { bytesField, intField, message, textField } from "../frontend/wire_write.ts";

export interface BadModel {
  readonly name: string;
  readonly code: string;
  readonly exit: number;
  /** The node (or tensor) that the diagnostic names. */
  readonly node?: string;
  /** A part of the message. */
  readonly says?: string;
  readonly flags?: readonly string[];
  /** Makes the model's file in `folder`; its name. */
  readonly make: (folder: string) => string;
}

type Options = Pick<BadModel, "node" | "says" | "flags">;

const bytes =
  (content: string | Uint8Array, name = "model.onnx") =>
  (folder: string): string => {
    writeFileSync(join(folder, name), content);
    return name;
  };

const file = (
  name: string,
  code: string,
  exit: number,
  content: string | Uint8Array,
  options: Options = {},
): BadModel => ({
  name,
  code,
  exit,
  ...options,
  make: bytes(content),
});

const header = '<ir_version: 10, opset_import: ["" : 21]>';

/** A model in ONNX's text form, written as protobuf. */
const text = (name: string, code: string, exit: number, graph: string, options: Options = {}): BadModel => ({
  name,
  code,
  exit,
  ...options,
  make: (folder) => bytes(encodeModel(parseOnnxText(graph.startsWith("<") ? graph : `${header}\n${graph}`)))(folder),
});

/** Fields of ModelProto, GraphProto, NodeProto, TensorProto and ValueInfoProto by their numbers in onnx.proto. */
const opset = (domain: string, version: number): Uint8Array =>
  bytesField(8, message(textField(1, domain), intField(2, version)));
const model = (graph: Uint8Array, ...more: Uint8Array[]): Uint8Array =>
  message(intField(1, 10), opset("", 21), bytesField(7, graph), ...more);
const node = (op: string, inputs: string[], outputs: string[], ...more: Uint8Array[]): Uint8Array =>
  bytesField(
    1,
    message(
      ...inputs.map((n) => textField(1, n)),
      ...outputs.map((n) => textField(2, n)),
      textField(3, `the ${op}`),
      textField(4, op),
      ...more,
    ),
  );
const tensorType = (dtype: number, dims: readonly (number | bigint)[] | undefined): Uint8Array => {
  const shape = dims && bytesField(2, message(...dims.map((d) => bytesField(1, intField(1, d)))));
  return bytesField(1, message(intField(1, dtype), ...(shape ? [shape] : [])));
};
const info = (field: number, name: string, type: Uint8Array | undefined): Uint8Array =>
  bytesField(field, message(textField(1, name), ...(type ? [bytesField(2, type)] : [])));
const input = (name: string, dims?: readonly (number | bigint)[], dtype = 1): Uint8Array =>
  info(11, name, tensorType(dtype, dims));
const output = (name: string): Uint8Array => info(12, name, tensorType(1, undefined));
const initializer = (...fields: Uint8Array[]): Uint8Array => bytesField(5, message(...fields));
const graph = (...fields: Uint8Array[]): Uint8Array => message(textField(2, "g"), ...fields);
const dims = (...values: (number | bigint)[]): Uint8Array => message(...values.map((d) => intField(1, d)));
const floats = (count: number): Uint8Array => bytesField(9, new Uint8Array(4 * count));

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

/** `depth` Ifs inside of each other; the other branches are small, and so is the file. */
function deep(depth: number): Uint8Array {
  const attribute = (name: string, g: Uint8Array): Uint8Array =>
    bytesField(5, message(textField(1, name), bytesField(6, g), intField(20, 5)));
  const leaf = message(textField(2, "leaf"), node("Identity", ["x"], ["y"]), output("y"));
  let inner = leaf;
  for (let i = 0; i < depth; i++)
    inner = message(
      textField(2, "b"),
      node("If", ["c"], ["y"], attribute("then_branch", inner), attribute("else_branch", leaf)),
      output("y"),
    );
  return inner;
}

export const badModels: readonly BadModel[] = [
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

  // Names and structure.
  text("a cycle", "E0154", 3, `g (float[2] x) => (float[2] y) { [a] p = Add (x, q) [b] q = Relu (p) y = Relu (q) }`, {
    node: "a",
  }),
  text("a missing initialiser", "E0153", 3, `g (float[2] x) => (float[2] y) { [a] y = Add (x, w) }`, {
    node: "a",
    says: '"w"',
  }),
  text("an output that nothing computes", "E0153", 3, `g (float[2] x) => (float[2] z) { y = Relu (x) }`, {
    says: '"z"',
  }),
  text("a value defined twice", "E0155", 3, `g (float[2] x) => (float[2] y) { [a] y = Relu (x) [b] y = Abs (x) }`, {
    node: "b",
  }),
  text("an output with the name of an input", "E0155", 3, `g (float[2] x) => (float[2] x) { [a] x = Relu (x) }`),
  file(
    "an input without a type",
    "E0161",
    3,
    model(graph(node("Relu", ["x"], ["y"]), info(11, "x", undefined), output("y"))),
    { says: '"x"' },
  ),
  file(
    "an input without a rank",
    "E0161",
    3,
    model(graph(node("Relu", ["x"], ["y"]), info(11, "x", tensorType(1, undefined)), output("y"))),
    { says: '"x"' },
  ),
  file(
    "an attribute given twice",
    "E0121",
    3,
    model(
      graph(
        node(
          "Elu",
          ["x"],
          ["y"],
          ...[1, 2].map(() =>
            bytesField(5, message(textField(1, "alpha"), intField(20, 1), new Uint8Array([0x15, 0, 0, 0x80, 0x3f]))),
          ),
        ),
        input("x", [2]),
        output("y"),
      ),
    ),
    { node: "the Elu" },
  ),
  file(
    "an attribute of two kinds",
    "E0121",
    3,
    model(
      graph(
        node("Elu", ["x"], ["y"], bytesField(5, message(textField(1, "alpha"), intField(20, 2), textField(4, "1")))),
        input("x", [2]),
        output("y"),
      ),
    ),
    { node: "the Elu" },
  ),
  file(
    "graphs in graphs in graphs",
    "E0105",
    4,
    model(
      graph(
        node(
          "If",
          ["c"],
          ["z"],
          bytesField(5, message(textField(1, "then_branch"), bytesField(6, deep(100)), intField(20, 5))),
        ),
        input("x", [2]),
        input("c", [], 9),
        output("z"),
      ),
    ),
  ),
  text(
    "functions that call themselves",
    "E0162",
    3,
    `<ir_version: 10, opset_import: ["" : 21, "my" : 1]>
g (float[2] x) => (float[2] y) { [a] y = my.f (x) }
<domain: "my", opset_import: ["" : 21, "my" : 1]> f (x) => (y) { y = my.h (x) }
<domain: "my", opset_import: ["" : 21, "my" : 1]> h (x) => (y) { y = my.f (x) }`,
  ),
  file(
    "a type that cannot be compiled",
    "E0125",
    4,
    model(graph(node("Relu", ["x"], ["y"]), info(11, "x", bytesField(7, message(textField(1, "d")))), output("y"))),
  ),

  // Operators.
  text("an unknown operator", "E0150", 4, `g (float[2] x) => (float[2] y) { [a] y = Frobnicate (x) }`, {
    node: "a",
    says: "Frobnicate",
  }),
  text(
    "an operator of an unknown domain",
    "E0150",
    4,
    `<ir_version: 10, opset_import: ["" : 21, "com.example" : 1]> g (float[2] x) => (float[2] y) { [a] y = com.example.Relu (x) }`,
    { node: "a" },
  ),
  text("a domain without an opset", "E0151", 3, `g (float[2] x) => (float[2] y) { [a] y = com.example.Relu (x) }`, {
    node: "a",
  }),
  text(
    "an opset of the future",
    "E0152",
    4,
    `<ir_version: 10, opset_import: ["" : 99]> g (float[2] x) => (float[2] y) { [a] y = Relu (x) }`,
    { node: "a" },
  ),
  text(
    "an operator newer than its opset",
    "E0150",
    4,
    `<ir_version: 3, opset_import: ["" : 7]> g (float[2] x) => (float[2] y) { [a] y = Gelu (x) }`,
    { node: "a" },
  ),
  text("an unknown attribute", "E0156", 3, `g (float[2] x) => (float[2] y) { [a] y = Relu <beta = 1.0> (x) }`, {
    node: "a",
    says: "beta",
  }),
  text(
    "an attribute of the wrong kind",
    "E0157",
    3,
    `g (float[2] x) => (float[2] y) { [a] y = Elu <alpha = "big"> (x) }`,
    { node: "a", says: "alpha" },
  ),
  text(
    "an attribute of another set",
    "E0157",
    3,
    `g (float[1, 1, 4] x, float[1, 1, 2] w) => (float[1, 1, 3] y) { [a] y = Conv <auto_pad = "SOMETIMES"> (x, w) }`,
    { node: "a", says: "auto_pad" },
  ),
  text("an input too few", "E0158", 3, `g (float[2] x) => (float[2] y) { [a] y = Add (x) }`, { node: "a" }),
  text("an input too many", "E0159", 3, `g (float[2] x) => (float[2] y) { [a] y = Relu (x, x) }`, { node: "a" }),
  text("an output too many", "E0159", 3, `g (float[2] x) => (float[2] y) { [a] y, z = Relu (x) }`, { node: "a" }),
  text("a declared type that is wrong", "E0160", 3, `g (float[2] x) => (int64[2] y) { [a] y = Relu (x) }`, {
    says: '"y"',
  }),
  text("operands of two types", "E0203", 3, `g (float[2] x, int64[2] i) => (float[2] y) { [a] y = Add (x, i) }`, {
    node: "a",
  }),
  text(
    "an element type that the operator does not have",
    "E0203",
    3,
    `g (string[2] x) => (string[2] y) { [a] y = Relu (x) }`,
    { node: "a" },
  ),
  text(
    "matrices that do not fit",
    "E0201",
    3,
    `g (float[2, 3] x, float[4, 5] w) => (float[2, 5] y) { [a] y = MatMul (x, w) }`,
    { node: "a", says: "expected 3" },
  ),
  text(
    "extents that cannot be broadcast",
    "E0201",
    3,
    `g (float[2] x, float[3] z) => (float[3] y) { [a] y = Add (x, z) }`,
    { node: "a" },
  ),
  text(
    "a reshape that does not fit",
    "E0201",
    3,
    `g (float[2, 3] x) => (float[4] y) <int64[1] s = {4}> { [a] y = Reshape (x, s) }`,
    { node: "a" },
  ),
  text("an axis that does not exist", "E0202", 3, `g (float[2] x) => (float[2] y) { [a] y = Softmax <axis = 5> (x) }`, {
    node: "a",
    says: "axis",
  }),
  text(
    "a stride of zero",
    "E0202",
    3,
    `g (float[1, 1, 4] x, float[1, 1, 2] w) => (float[1, 1, 3] y) { [a] y = Conv <strides = [0]> (x, w) }`,
    { node: "a", says: "strides" },
  ),
  text(
    "a negative padding",
    "E0202",
    3,
    `g (float[1, 1, 4] x, float[1, 1, 2] w) => (float[1, 1, 3] y) { [a] y = Conv <pads = [-1, -9]> (x, w) }`,
    { node: "a", says: "pads" },
  ),
  text(
    "a branch that is missing",
    "E0158",
    3,
    `g (bool c, float[2] x) => (float[2] y) { [a] y = If <then_branch = t () => (float[2] o) { o = Relu (x) }> (c) }`,
    { node: "a", says: "else_branch" },
  ),
  text(
    "branches of two types",
    "E0201",
    3,
    `g (bool c, float[2] x, int64[2] i) => (float[2] y) { [a] y = If <then_branch = t () => (float[2] o) { o = Relu (x) }, else_branch = e () => (int64[2] p) { p = Abs (i) }> (c) }`,
    { node: "a" },
  ),
  text(
    "a tensor of terabytes",
    "E0402",
    5,
    `g (float[2] x) => (float[N] y) <int64[1] s = {1000000000000}> { [a] z = ConstantOfShape (s) y = Relu (z) }`,
  ),
  text(
    "sizes beyond all numbers",
    "E0402",
    5,
    `g (float[4000000000, 4000000000, 4000000000] x) => (float[4000000000, 4000000000, 4000000000] y) { [a] y = Relu (x) }`,
  ),
  text(
    "a rank that only a run knows",
    "E0205",
    4,
    `g (float[N] x, int64[M] s) => (int64[P] y) { r = Reshape (x, s) [a] y = Shape (r) }`,
    { node: "a" },
  ),

  // What is asked for.
  text("a dimension that does not exist", "E0163", 2, `g (float[N] x) => (float[N] y) { y = Relu (x) }`, {
    flags: ["--dim", "K=2"],
    says: "K",
  }),
  text(
    "a dimension that does not fit",
    "E0201",
    3,
    `g (float[N] x, float[3] z) => (float[3] y) { [a] y = Add (x, z) }`,
    { flags: ["--dim", "N=2"], node: "a" },
  ),
];
