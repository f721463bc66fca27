import { expect, test } from "vitest";
import { plain } from "../testing/plain_model.ts";
import type { OnnxGraph, OnnxModel } from "./onnx_model.ts";
import { parseOnnxFunctions, parseOnnxText } from "./onnx_text.ts";

const inModel = (nodes: string, values = ""): string => `<ir_version: 8> g () => () ${values} {${nodes}}`;
const parseNode = (node: string) => plain(parseOnnxText(inModel(node)).graph.nodes[0]);
const attribute = (text: string) =>
  plain(parseOnnxText(inModel(`y = Op <a ${text}> ()`)).graph.nodes[0]?.attributes[0]);
const graphOf = (text: string): OnnxGraph => parseOnnxText(text).graph;

test("a model has a header, a graph and functions", () => {
  const model: OnnxModel = parseOnnxText(`
    <
      ir_version: 10, opset_import: ["": 21, "d": 1, "ai.onnx": 20],
      producer_name: "p", producer_version: "v", domain: "m", model_version: -3,
      doc_string: "not kept", metadata_props: ["k": "v"]
    >
    main (float[N, 2] x, int64 n = {3}) => (float[N,2] y)
    <float[2] w = {1, -2.5}, float[N,2] t>   # constants and types of values
    {
      [first] t = Mul (x, w)
      y = d.F:big <k = 1> (t, n)
    }
    <domain: "d", overload: "big", opset_import: ["": 21]>
    F <k, alpha: float = 2> (float[] a, b) => (c) <int64[1] e> { c = Op <i: int = @k> (a, b) }`);
  expect(plain(model)).toMatchObject({
    irVersion: "10",
    opsets: [
      ["", "21"],
      ["d", "1"],
    ],
    producer: "p",
    producerVersion: "v",
    domain: "m",
    modelVersion: "-3",
    metadata: [["k", "v"]],
    warnings: ['the model imports the domain "ai.onnx" twice; the higher version counts'],
    graph: {
      name: "main",
      inputs: [
        { name: "x", type: { kind: "tensor", dtype: "f32", shape: ["N", "2"] } },
        { name: "n", type: { dtype: "i64", shape: [] } },
      ],
      outputs: [{ name: "y" }],
      valueInfo: [{ name: "t" }],
      initializers: [
        { name: "n", literal: { literal: { data: "BigInt64Array 3" } } },
        { name: "w", literal: { literal: { data: "Float32Array 1 -2.5" } } },
      ],
      nodes: [
        { name: "first", opType: "Mul", inputs: ["x", "w"], outputs: ["t"] },
        { domain: "d", opType: "F", overload: "big", attributes: [{ name: "k", kind: "int", value: "1" }] },
      ],
    },
    functions: [
      {
        domain: "d",
        name: "F",
        overload: "big",
        inputs: ["a", "b"],
        outputs: ["c"],
        attributes: ["k"],
        attributeDefaults: [{ name: "alpha", kind: "float", value: "2" }],
        valueInfo: [{ name: "a", type: { shape: undefined } }, { name: "e" }],
        nodes: [{ attributes: [{ name: "i", kind: "ref", refName: "k", refKind: "int" }] }],
      },
    ],
  });
});

test("functions stand alone, too", () => {
  const [f, g] = parseOnnxFunctions(`
    <domain: "local", opset_import: ["": 18]> f (x) => (y) { y = Relu (x) }
    g <alpha> (x) => (y) { alpha = Constant <value_float: float = @alpha> () y = Mul (alpha, x) }`);
  expect([f?.name, f?.domain, g?.name, g?.nodes.length]).toEqual(["f", "local", "g", 2]);
  expect(parseOnnxFunctions("  # nothing")).toEqual([]);
});

test.each<[string, readonly string[], readonly string[]]>([
  ["y = Op ()", [], ["y"]],
  ["= Op (x)", ["x"], []],
  ["y = Op (x,)", ["x"], ["y"]],
  ["y = Op (,x)", ["", "x"], ["y"]],
  ['y = Op ("")', [""], ["y"]],
  ["y = Op (,)", [""], ["y"]],
  ['y = Op (x,,"")', ["x", "", ""], ["y"]],
  ['y, , z = Op ("0", "a b")', ["0", "a b"], ["y", "", "z"]],
])("lists of names may have gaps: %s", (text, inputs, outputs) => {
  expect(parseNode(text)).toMatchObject({ inputs, outputs });
});

test.each<[string, object]>([
  ["y = Op (x)", { domain: "", opType: "Op", overload: "" }],
  ["y = ai.onnx.Op (x)", { domain: "" }],
  ["y = com.microsoft.Op (x)", { domain: "com.microsoft", opType: "Op" }],
  ['y = "my-domain"."odd op":"v.2" (x)', { domain: "my-domain", opType: "odd op", overload: "v.2" }],
  ["[n] y = Op (x)", { name: "n" }],
  ["[] y = Op (x)", { name: "" }],
  ['["/a/b"] y = Op (x)', { name: "/a/b" }],
  ["y = Op (x) <a = 1>", { attributes: [{ name: "a" }] }],
  ["y = float (int64)", { opType: "float", inputs: ["int64"] }],
  ["seq = map (optional)", { outputs: ["seq"], inputs: ["optional"] }],
])("nodes: %s", (text, wanted) => {
  expect(parseNode(text)).toMatchObject(wanted);
});

test.each<[string, object]>([
  ["= 1", { kind: "int", value: "1" }],
  ["= -9223372036854775808", { kind: "int", value: "-9223372036854775808" }],
  ["= 1.5", { kind: "float", value: "1.5" }],
  ["= 1.", { kind: "float", value: "1" }],
  ["= -2e-3", { kind: "float", value: String(Math.fround(-2e-3)) }],
  [": float = 2", { kind: "float", value: "2" }],
  [": float = -0.0", { kind: "float", value: "-0" }],
  ["= nan", { kind: "float", value: "NaN" }],
  ["= Infinity", { kind: "float", value: "Infinity" }],
  ["= -inf", { kind: "float", value: "-Infinity" }],
  ['= "a\\n\\"\\\\"', { kind: "string", value: 'an"\\' }],
  ['= "two\nlines"', { kind: "string", value: "two\nlines" }],
  ["= [1, -2]", { kind: "ints", value: ["1", "-2"] }],
  ["= [1.0, 2]", { kind: "floats", value: ["1", "2"] }],
  [": floats = [1, 2]", { kind: "floats", value: ["1", "2"] }],
  ['= ["a", "b"]', { kind: "strings", value: ["a", "b"] }],
  [": ints = []", { kind: "ints", value: [] }],
  ["= @k", { kind: "ref", refName: "k", refKind: undefined }],
  [": floats = @k", { kind: "ref", refName: "k", refKind: "floats" }],
  ["= float[2] {1, 2}", { kind: "tensor", value: { literal: { dtype: "f32", data: "Float32Array 1 2" } } }],
  ["= int64 t = {7}", { kind: "tensor", value: { literal: { shape: [], data: "BigInt64Array 7" } } }],
  ['= string[2] {"a", "b"}', { kind: "tensor", value: { literal: { data: ["a", "b"] } } }],
  ["= float[0]{}", { kind: "tensor", value: { literal: { shape: ["0"] } } }],
  ["= float[1] { # one\n 1 }", { kind: "tensor", value: { literal: { data: "Float32Array 1" } } }],
  [
    "= [float {1}, int64 {2}]",
    { kind: "tensors", value: [{ literal: { dtype: "f32" } }, { literal: { dtype: "i64" } }] },
  ],
  ["= float[N]", { kind: "type", value: { kind: "tensor", shape: ["N"] } }],
  ["= seq(float)", { kind: "type", value: { kind: "sequence", element: { dtype: "f32" } } }],
  ["= [float, optional(int8)]", { kind: "types", value: [{ kind: "tensor" }, { kind: "optional" }] }],
  [
    "= body (float x) => (float y) { y = Op (x) }",
    { kind: "graph", value: { name: "body", nodes: [{ opType: "Op" }] } },
  ],
  ["= body => () {}", { kind: "graph", value: { name: "body", inputs: [] } }],
  ['= "0" () => () {}', { kind: "graph", value: { name: "0" } }],
  ["= [a () => () {}, b () => () {}]", { kind: "graphs", value: [{ name: "a" }, { name: "b" }] }],
])("attribute values: %s", (text, wanted) => {
  expect(attribute(text)).toMatchObject({ name: "a", ...wanted });
});

test.each<[string, string]>([
  ["float16[2] {15872, 16384}", "Float32Array 1.5 2"],
  ["bfloat16[1] {16320}", "Float32Array 1.5"],
  ["float8e4m3fn[2] {56, 184}", "Float32Array 1 -1"],
  ["float8e8m0[1] {128}", "Float32Array 2"],
  ["float4e2m1[2] {1, 15}", "Float32Array 0.5 -6"],
  ["int4[4] {1, -8, 7, 0}", "Int8Array 1 -8 7 0"],
  ["uint2[2] {3, 0}", "Uint8Array 3 0"],
  ["bool[2] {1, 0}", "Uint8Array 1 0"],
  ["uint32[1] {4294967295}", "Uint32Array 4294967295"],
  ["uint64[1] {18446744073709551615}", "BigUint64Array 18446744073709551615"],
  ["double[3] {0.1, -nan, inf}", "Float64Array 0.1 NaN Infinity"],
  ["complex64[1] {1, -2.5}", "Float32Array 1 -2.5"],
  ["float[2] {1e-45, -0}", `Float32Array ${Math.fround(1e-45)} -0`],
])("constants: %s", (text, data) => {
  expect(attribute(`= ${text}`)).toMatchObject({ value: { literal: { data } } });
});

test.each<[string, unknown]>([
  ["float", { kind: "tensor", shape: [] }],
  ["float[]", { kind: "tensor", shape: undefined }],
  ['float[N, "a b", ?, 3]', { shape: ["N", "a b", undefined, "3"] }],
  ["sparse_tensor(float[2])", { kind: "sparse", shape: ["2"] }],
  ["map(int64, seq(string))", { kind: "map", key: "i64", value: { kind: "sequence" } }],
  ["optional(?)", { kind: "optional", element: undefined }],
])("types: %s", (text, wanted) => {
  expect(plain(graphOf(`<ir_version: 8> g (${text} x) => () {}`).inputs[0]?.type)).toMatchObject(wanted as object);
});

test("a value may be called like a type, quoted, and have none", () => {
  expect(graphOf('<ir_version: 8> g ("float", x) => () {}').inputs).toEqual([
    { name: "float", type: undefined },
    { name: "x", type: undefined },
  ]);
});

test.each<[string, string, string]>([
  ["E0130", 'line 2, column 3: unexpected "$"', "<ir_version: 8>\n  $"],
  ["E0130", "line 1, column 14: this string does not end", '<ir_version: "8> g () => () {}'],
  ["E0131", 'line 1, column 18: expected ":", found "8"', "<ir_version      8>"],
  ["E0131", "line 3, column 1: expected", "<ir_version: 8>\ng () => ()\n"],
  ["E0131", 'expected "=>", found "="', "<ir_version: 8> g () = > () {}"],
  ["E0131", 'unknown header "colour"', '<colour: "red"> g () => () {}'],
  ["E0131", "header ir_version: expected an integer", '<ir_version: "8"> g () => () {}'],
  ["E0132", "line 1, column 42: 1e40 is out of the range of float", inModel("y = Op <a = 1e40> ()")],
  ["E0132", "9223372036854775808 is out of the range of int64", inModel("y = Op <a = 9223372036854775808> ()")],
  ["E0132", "256 is out of the range of u8", inModel("y = Op <a = uint8[1] {256}> ()")],
  ["E0132", "2 is out of the range of bool", inModel("y = Op <a = bool[1] {2}> ()")],
  ["E0132", '"1.5" is not a bit pattern', inModel("y = Op <a = float16[1] {1.5}> ()")],
  ["E0132", '"1.5" is not an integer, as i64 needs', inModel("y = Op <a = int64[1] {1.5}> ()")],
  ["E0132", "expected a string", inModel("y = Op <a = string[1] {1}> ()")],
  ["E0111", "expected 2 values for f32[2], found 1", inModel("y = Op <a = float[2] {1}> ()")],
  ["E0111", "expected 1 values for f32[1], found 0", inModel("", "<float[1] w = >")],
  ["E0133", "expected int, found float", inModel("y = Op <a = [1, 2.0]> ()")],
  ["E0133", "expected int, found string", inModel('y = Op <a: int = "x"> ()')],
  ["E0133", "needs a kind of list", inModel("y = Op <a = []> ()")],
  ["E0133", "needs a list", inModel("y = Op <a: ints = 1> ()")],
  ["E0133", '"number" is not a kind of attribute', inModel("y = Op <a: number = 1> ()")],
  ["E0124", "needs a shape of numbers", inModel("y = Op <a = float[N] {1}> ()")],
  ["E0124", "has no type", inModel("", "<w = {1}>")],
  ["E0124", '"tensor" is not a type', inModel("y = Op <a = seq(tensor)> ()")],
  ["E0110", "a dimension is -1", inModel("y = Op <a = float[-1] {1}> ()")],
  ["E0121", "occurs twice", inModel("y = Op <a = 1, a = 2> ()")],
  ["E0123", "defined twice", inModel("", "<float w = {1}, float w = {1}>")],
  ["E0119", "has its data in the file", inModel("", '<float w = ["location": "w.bin"]>')],
])("%s: %s", (code, message, text) => {
  expect(() => parseOnnxText(text)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(message) }),
  );
});

test("nesting has a limit", () => {
  const deep = (levels: number): string => (levels === 0 ? "" : `y = If <a = b () => () {${deep(levels - 1)}}> ()`);
  expect(parseOnnxText(inModel(deep(63))).graph.nodes).toHaveLength(1);
  expect(() => parseOnnxText(inModel(deep(64)))).toThrow(expect.objectContaining({ code: "E0105" }));
  expect(() => parseOnnxText(inModel(deep(4000)))).toThrow(expect.objectContaining({ code: "E0105" }));
  // The parser is shared: a failure leaves nothing behind.
  expect(parseOnnxText(inModel(deep(63))).graph.nodes).toHaveLength(1);
});

test("a million numbers are read in one go", () => {
  const numbers = Array.from({ length: 1_000_000 }, (_, i) => i * 0.5).join(", ");
  const [w] = graphOf(inModel("", `<double[1000000] w = {${numbers}}>`)).initializers;
  expect(w?.literal.load().data[999_999]).toBe(499_999.5);
});
