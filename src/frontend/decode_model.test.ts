import { expect, test } from "vitest";
import { plain } from "../testing/plain_model.ts";
import type { Limits } from "./limits.ts";
import { decodeModel } from "./load_model.ts";
import type { OnnxModel } from "./onnx_model.ts";
import { bytesField, floatField, intField, intsField, message, textField } from "./wire_write.ts";

/** Field numbers of the messages, named as in onnx.proto. */
const graphField = (...parts: Uint8Array[]): Uint8Array => bytesField(7, message(...parts));
const node = (...parts: Uint8Array[]): Uint8Array => bytesField(1, message(textField(4, "Op"), ...parts));
const attribute = (...parts: Uint8Array[]): Uint8Array => bytesField(5, message(textField(1, "a"), ...parts));
const kind = (n: number): Uint8Array => intField(20, n);
const entry = (key: string, value: string): Uint8Array => message(textField(1, key), textField(2, value));
const opset = (domain: string, version: number): Uint8Array =>
  bytesField(8, message(textField(1, domain), intField(2, version)));
const input = (...type: Uint8Array[]): Uint8Array =>
  bytesField(11, message(textField(1, "x"), bytesField(2, message(...type))));

const decode = (...parts: Uint8Array[]): OnnxModel => decodeModel(message(intField(1, 8), ...parts));
const firstAttribute = (...parts: Uint8Array[]): unknown =>
  plain(decode(graphField(node(attribute(...parts)))).graph.nodes[0]?.attributes[0]);

test.each<[string, Uint8Array[], unknown]>([
  ["a float", [kind(1), floatField(2, 0.1)], { kind: "float", value: String(Math.fround(0.1)) }],
  ["zero where the value is left out", [kind(1)], { kind: "float", value: "0" }],
  ["integers beyond 2^53", [kind(2), intField(3, -(2n ** 62n) - 1n)], { kind: "int", value: "-4611686018427387905" }],
  ["text", [kind(3), textField(4, "ä")], { kind: "string", value: "ä" }],
  [
    "bytes that are not text",
    [kind(3), bytesField(4, Uint8Array.of(0xff, 0))],
    { kind: "string", value: "Uint8Array 255 0" },
  ],
  ["lists, packed", [kind(7), intsField(8, [1, -1])], { kind: "ints", value: ["1", "-1"] }],
  ["lists, not packed", [kind(7), intField(8, 1), intField(8, -1)], { kind: "ints", value: ["1", "-1"] }],
  ["an empty list", [kind(6)], { kind: "floats", value: [] }],
  ["strings", [kind(8), textField(9, "a"), textField(9, "")], { kind: "strings", value: ["a", ""] }],
  ["a float that is also an integer", [kind(1), floatField(2, 2), intField(3, 2)], { kind: "float", value: "2" }],
  ["a kind that is not declared: float", [floatField(2, 2)], { kind: "float", value: "2" }],
  ["a kind that is not declared: zero", [intField(3, 0)], { kind: "int", value: "0" }],
  ["a kind that is not declared: list", [intsField(8, [3])], { kind: "ints", value: ["3"] }],
  ["a reference", [kind(2), textField(21, "b")], { kind: "ref", refName: "b", refKind: "int" }],
  ["a reference without a kind", [textField(21, "b")], { kind: "ref", refName: "b", refKind: undefined }],
])("reads %s", (_, parts, wanted) => {
  expect(firstAttribute(...parts)).toEqual({ name: "a", ...(wanted as object) });
});

test.each<[string, string, Uint8Array[]]>([
  ["E0121", "declared as ints but holds int", [kind(7), intField(3, 3)]],
  ["E0121", "declared as tensor but holds none", [kind(4)]],
  ["E0121", "has the kind 99", [kind(99)]],
  ["E0121", "has the kind 0", []],
  ["E0106", "field 3 of a attribute: expected wire type 0, found 2", [kind(2), textField(3, "x")]],
])("%s: an attribute %s", (code, text, parts) => {
  expect(() => firstAttribute(...parts)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(text) }),
  );
});

test("fields that onnx-proto does not know: overload and metadata of nodes", () => {
  const { nodes } = decode(
    graphField(
      node(textField(8, "v2"), bytesField(9, entry("k", "v")), bytesField(9, entry("k", "w"))),
      node(textField(6, "0")), // a comment that looks like the scanner's own mark
    ),
  ).graph;
  expect(nodes[0]).toMatchObject({ overload: "v2", metadata: new Map([["k", "w"]]) });
  expect(nodes[1]).toMatchObject({ overload: "", metadata: new Map() });
});

test("fields that onnx-proto does not know: defaults, types and overload of functions", () => {
  const weights = message(intField(1, 2), intField(2, 1), bytesField(9, new Uint8Array(8)));
  const typed = message(textField(1, "y"), bytesField(2, bytesField(1, intField(1, 7))));
  const body = message(
    textField(1, "F"),
    textField(4, "x"),
    textField(5, "y"),
    textField(6, "axis"),
    bytesField(11, message(textField(1, "w"), kind(4), bytesField(5, weights))),
    bytesField(7, message(textField(4, "Op"), textField(8, "inner"))),
    bytesField(12, typed),
    textField(10, "d"),
    textField(13, "big"),
    bytesField(14, entry("k", "v")),
    bytesField(9, message(textField(1, ""), intField(2, 17))),
  );
  expect(plain(decode(graphField(), bytesField(25, body)).functions[0])).toMatchObject({
    domain: "d",
    name: "F",
    overload: "big",
    inputs: ["x"],
    outputs: ["y"],
    attributes: ["axis"],
    attributeDefaults: [{ name: "w", kind: "tensor", value: { literal: { dtype: "f32", shape: ["2"] } } }],
    nodes: [{ opType: "Op", overload: "inner" }],
    valueInfo: [{ name: "y", type: { kind: "tensor", dtype: "i64" } }],
    metadata: [["k", "v"]],
    opsets: [["", "17"]],
  });
});

test("ai.onnx and the empty domain are one, and the highest opset counts", () => {
  const model = decode(graphField(node(textField(7, "ai.onnx"))), opset("ai.onnx", 13), opset("", 17), opset("d", 1));
  expect([...model.opsets]).toEqual([
    ["", 17],
    ["d", 1],
  ]);
  expect(model.graph.nodes[0]?.domain).toBe("");
  expect(model.warnings).toEqual(['the model imports the domain "ai.onnx" twice; the higher version counts']);
});

const tensorType = (...dims: Uint8Array[]): Uint8Array =>
  bytesField(1, message(intField(1, 1), bytesField(2, message(...dims.map((dim) => bytesField(1, dim))))));

test.each<[string, Uint8Array[], unknown]>([
  [
    "numbers, symbols and gaps",
    [tensorType(intField(1, 3), textField(2, "N"), message())],
    { shape: ["3", "N", undefined] },
  ],
  ["zero", [tensorType(intField(1, 0))], { shape: ["0"] }],
  ["-1 as unknown", [tensorType(intField(1, -1))], { shape: [undefined] }],
  ["an empty symbol as unknown", [tensorType(textField(2, ""))], { shape: [undefined] }],
  ["a scalar", [tensorType()], { shape: [] }],
  ["an unknown rank", [bytesField(1, intField(1, 1))], { shape: undefined }],
])("extents: %s", (_, type, wanted) => {
  expect(plain(decode(graphField(input(...type))).graph.inputs[0]?.type)).toMatchObject(wanted as object);
});

test("a type without an element type is no type", () => {
  expect(decode(graphField(input(bytesField(1, message())))).graph.inputs[0]).toEqual({ name: "x", type: undefined });
  expect(decode(graphField(input())).graph.inputs[0]).toEqual({ name: "x", type: undefined });
});

const sparse = (...parts: Uint8Array[]): Uint8Array => bytesField(15, message(...parts));
const part = (field: number, dtype: number, shape: number[], bytes: Uint8Array, name = ""): Uint8Array =>
  bytesField(
    field,
    message(...shape.map((d) => intField(1, d)), intField(2, dtype), textField(8, name), bytesField(9, bytes)),
  );
const i64 = (...values: number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

test.each<[string, Uint8Array, unknown]>([
  ["linear indices", part(2, 7, [2], i64(1, 5)), [0, 8, 0, 0, 0, 9]],
  ["index tuples", part(2, 7, [2, 2], i64(0, 1, 1, 2)), [0, 8, 0, 0, 0, 9]],
])("sparse initialisers with %s are dense literals", (_, indices, wanted) => {
  const model = decode(graphField(sparse(part(1, 1, [2], floats(8, 9), "w"), indices, intsField(3, [2, 3]))));
  expect(model.graph.initializers[0]).toMatchObject({ name: "w", literal: { dtype: "f32", shape: [2, 3] } });
  expect(Array.from(model.graph.initializers[0]?.literal.load().data as Float32Array)).toEqual(wanted);
});

test.each<[string, Uint8Array]>([
  ["descend", part(2, 7, [2], i64(5, 1))],
  ["repeat", part(2, 7, [2], i64(1, 1))],
  ["lie outside", part(2, 7, [2], i64(1, 6))],
  ["lie outside an axis", part(2, 7, [2, 2], i64(0, 1, 0, 3))],
  ["are negative", part(2, 7, [2], i64(-1, 1))],
  ["are too few", part(2, 7, [1], i64(1))],
  ["are not i64", part(2, 1, [2], floats(0, 1))],
])("indices that %s are refused", (_, indices) => {
  const read = () =>
    decode(
      graphField(sparse(part(1, 1, [2], floats(8, 9), "w"), indices, intsField(3, [2, 3]))),
    ).graph.initializers[0]?.literal.load();
  expect(read).toThrow(expect.objectContaining({ code: "E0114", node: "w" }));
});

test("what is skipped is told", () => {
  const { warnings } = decode(
    graphField(bytesField(14, message())),
    bytesField(20, message()),
    bytesField(99, message()),
  );
  expect(warnings).toEqual([
    "quantisation annotations (quantization_annotation) are not used",
    "training information (training_info) are not used",
    "field 99 of a model is unknown and not used",
  ]);
});

const deep = (levels: number): Uint8Array => {
  let graph = message();
  for (let i = 0; i < levels; i++) graph = message(node(attribute(kind(5), bytesField(6, graph))));
  return bytesField(7, graph);
};

test("subgraphs may nest 64 deep, and 4,000 do not exhaust the stack", () => {
  expect(decode(deep(63)).graph.nodes).toHaveLength(1);
  expect(() => decode(deep(64))).toThrow(expect.objectContaining({ code: "E0105", exit: 4 }));
  expect(() => decode(deep(4000))).toThrow(expect.objectContaining({ code: "E0105" }));
});

test("types may not nest without end", () => {
  let type = bytesField(1, intField(1, 1));
  for (let i = 0; i < 4000; i++) type = bytesField(4, bytesField(1, type));
  expect(() => decode(graphField(input(type)))).toThrow(expect.objectContaining({ code: "E0105" }));
});

/** True if `parts` have a graph: its field begins with the byte of field 7. */
const graphIn = (parts: readonly Uint8Array[]): boolean => parts.some((part) => part[0] === 0x3a);

test.each<[keyof Limits, number, Uint8Array[]]>([
  ["fileBytes", 1, [graphField()]],
  ["structureBytes", 5, [graphField(node())]],
  ["nodes", 1, [graphField(node(), node())]],
  ["tensors", 1, [graphField(part(5, 1, [0], floats(), "a"), part(5, 1, [0], floats(), "b"))]],
  ["attributes", 1, [graphField(node(attribute(kind(1))), node(attribute(kind(1))))]],
  ["values", 1, [graphField(input(), input())]],
  ["messages", 3, [graphField(node(), node(), node())]],
  ["names", 2, [graphField(node(textField(1, "")), node())]],
  ["listElements", 2, [graphField(node(attribute(kind(7), intsField(8, [1, 2, 3]))))]],
  ["functions", 1, [bytesField(25, textField(1, "f")), bytesField(25, textField(1, "g"))]],
  ["nameBytes", 2, [graphField(node(textField(3, "abc")))]],
  ["stringBytes", 10, [bytesField(14, entry("key", "a long value"))]],
  ["depth", 1, [deep(1)]],
  ["rank", 2, [graphField(part(5, 1, [1, 1, 1], floats(1), "w"))]],
  ["elements", 5, [graphField(part(5, 1, [2, 3], floats(1, 2, 3, 4, 5, 6), "w"))]],
])("the limit %s is kept", (limit, value, parts) => {
  const bytes = message(graphIn(parts) ? message() : graphField(), ...parts);
  expect(decodeModel(bytes).warnings).toEqual([]); // within the default limits
  expect(() => decodeModel(bytes, { limits: { [limit]: value } })).toThrow(
    expect.objectContaining({ code: limit === "depth" ? "E0105" : "E0104" }),
  );
});

test.each<[string, string, Uint8Array[]]>([
  ["no graph", "E0122", []],
  ["two graphs", "E0126", [graphField(), graphField()]],
  ["a node without a type", "E0122", [graphField(bytesField(1, textField(3, "n")))]],
  ["an initialiser without a name", "E0122", [graphField(part(5, 1, [1], floats(1)))]],
  [
    "two initialisers of one name",
    "E0123",
    [graphField(part(5, 1, [1], floats(1), "w"), part(5, 1, [1], floats(1), "w"))],
  ],
  ["two attributes of one name", "E0121", [graphField(node(attribute(kind(1)), attribute(kind(1))))]],
  [
    "two functions of one name",
    "E0123",
    [graphField(), bytesField(25, textField(1, "f")), bytesField(25, textField(1, "f"))],
  ],
  ["a function without a name", "E0122", [graphField(), bytesField(25, message())]],
  ["an opaque type", "E0125", [graphField(input(bytesField(7, message())))]],
  ["a type of two kinds", "E0124", [graphField(input(tensorType(), bytesField(4, message())))]],
  ["an element type beyond ONNX's", "E0109", [graphField(input(bytesField(1, intField(1, 99))))]],
  ["a dimension beyond exact numbers", "E0110", [graphField(input(tensorType(intField(1, 2n ** 60n))))]],
  ["an unknown field of a node", "E0107", [graphField(node(intField(15, 1)))]],
  ["a group", "E0103", [Uint8Array.of(0x7b)]],
  ["field number zero", "E0103", [Uint8Array.of(0x00)]],
  ["a varint without end", "E0103", [new Uint8Array(12).fill(0xff)]],
  ["a length beyond the file", "E0103", [Uint8Array.of(0x3a, 0xff, 0xff, 0xff, 0x7f)]],
  ["a field that leaves its message", "E0103", [bytesField(7, Uint8Array.of(0x0a, 0x05, 0x08))]],
  ["a name that is not UTF-8", "E0108", [graphField(node(bytesField(3, Uint8Array.of(0xc3))))]],
])("refuses %s", (_, code, parts) => {
  expect(() => decode(...parts)).toThrow(expect.objectContaining({ code }));
});
