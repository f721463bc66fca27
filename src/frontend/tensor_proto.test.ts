import { expect, test } from "vitest";
import { int64s, type RuntimeValue, scalar, tensor } from "../ir/tensor.ts";
import type { OnnxType } from "./onnx_model.ts";
import { decodeValueProto, encodeValueProto } from "./tensor_proto.ts";
import { bytesField, intField, message } from "./wire_write.ts";

const x = tensor("f32", [2], [1, 2]);
const y = tensor("string", [1], ["é"]);
const sequence = (...elements: RuntimeValue[]): RuntimeValue => ({ kind: "sequence", elements });
const map = (keys: RuntimeValue, ...elements: RuntimeValue[]): RuntimeValue =>
  ({ kind: "map", keys, values: sequence(...elements) }) as RuntimeValue;

test.each<[string, OnnxType["kind"], RuntimeValue]>([
  ["a tensor", "tensor", x],
  ["strings", "tensor", y],
  ["a scalar", "tensor", scalar("i64", -1)],
  ["a sequence", "sequence", sequence(x, y)],
  ["an empty sequence", "sequence", sequence()],
  ["a sequence of sequences", "sequence", sequence(sequence(x), sequence())],
  ["an empty optional", "optional", null],
  ["an optional tensor", "optional", x],
  ["an optional sequence", "optional", sequence(x)],
  ["a sequence of maps", "sequence", sequence(map(int64s([-1, 5]), x, x))],
  ["a map from strings", "map", map(tensor("string", [2], ["a", "b"]), x, x)],
])("%s survives its file form", (_, kind, value) => {
  expect(decodeValueProto(kind, encodeValueProto(kind, value, "v"))).toEqual(value);
});

test.each<[string, OnnxType["kind"], Uint8Array, string]>([
  ["a declared kind that is not held", "optional", message(intField(2, 3), bytesField(3, new Uint8Array())), "E0140"],
  ["two values in an optional", "optional", encodeValueProto("sequence", sequence(x, x), ""), "E0140"],
  ["an unknown kind", "sequence", intField(2, 9), "E0140"],
  ["a map with more keys than values", "map", intField(3, 1), "E0140"],
  ["a length beyond the end", "sequence", Uint8Array.of(0x1a, 0x7f), "E0103"],
  ["a fixed-width field", "sequence", Uint8Array.of(0x1d, 0, 0, 0, 0), "E0103"],
])("%s is refused", (_, kind, bytes, code) => {
  expect(() => decodeValueProto(kind, bytes)).toThrow(expect.objectContaining({ code }));
});

test("deeply nested sequences are refused before the stack ends", () => {
  let bytes = message(intField(2, 0));
  for (let depth = 0; depth < 4000; depth++) bytes = message(intField(2, 3), bytesField(5, bytes));
  expect(() => decodeValueProto("sequence", bytes)).toThrow(expect.objectContaining({ code: "E0105" }));
});

test("a value of another kind cannot be written", () => {
  expect(() => encodeValueProto("tensor", sequence(x), "")).toThrow(expect.objectContaining({ code: "E0141" }));
});
