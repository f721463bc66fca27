import { expect, test } from "vitest";
import { type DType, dtypes, dtypeToOnnx } from "../ir/dtype.ts";
import { sizeOf } from "../ir/tensor.ts";
import { plain } from "../testing/plain_model.ts";
import { OnnxError } from "./onnx_error.ts";
import { decodeTensorProto } from "./tensor_proto.ts";
import { bytesField, floatField, floatsField, intField, intsField, message, textField } from "./wire_write.ts";

const doubles = (field: number, values: readonly number[]): Uint8Array =>
  bytesField(field, new Uint8Array(Float64Array.from(values).buffer));
const head = (dtype: DType, shape: readonly number[]): Uint8Array =>
  message(...shape.map((d) => intField(1, d)), intField(2, dtypeToOnnx(dtype)));

/** The elements of the tensor that `parts` encode. */
function elements(dtype: DType, shape: readonly number[], ...parts: Uint8Array[]): unknown[] {
  const t = decodeTensorProto(message(head(dtype, shape), ...parts));
  expect(t.dtype).toBe(dtype);
  expect(t.shape).toEqual(shape);
  return Array.from(t.data as ArrayLike<unknown>);
}

const [floatData, int32Data, stringData, int64Data, rawData, doubleData, uint64Data] = [4, 5, 6, 7, 9, 10, 11] as const;

test.each<[string, DType, Uint8Array, readonly unknown[]]>([
  ["float_data", "f32", floatsField(floatData, [1.5, -0.25]), [1.5, -0.25]],
  ["int32_data", "i32", intsField(int32Data, [-(2 ** 31), 7]), [-(2 ** 31), 7]],
  ["int32_data", "i16", intsField(int32Data, [-32768, 32767]), [-32768, 32767]],
  ["int32_data", "i8", intsField(int32Data, [-128, 127]), [-128, 127]],
  ["int32_data", "u16", intsField(int32Data, [0, 65535]), [0, 65535]],
  ["int32_data", "u8", intsField(int32Data, [0, 255]), [0, 255]],
  ["int32_data", "bool", intsField(int32Data, [0, 1]), [0, 1]],
  ["int32_data as bit patterns", "f16", intsField(int32Data, [15872, 0xc000]), [1.5, -2]],
  ["int32_data as bit patterns", "bf16", intsField(int32Data, [0x3fc0, 0xc000]), [1.5, -2]],
  ["int32_data as bit patterns", "f8e4m3fn", intsField(int32Data, [0x38, 0xb8]), [1, -1]],
  ["int32_data as bit patterns", "f8e4m3fnuz", intsField(int32Data, [0x40, 0xc0]), [1, -1]],
  ["int32_data as bit patterns", "f8e5m2", intsField(int32Data, [0x3c, 0xbc]), [1, -1]],
  ["int32_data as bit patterns", "f8e5m2fnuz", intsField(int32Data, [0x40, 0xc0]), [1, -1]],
  ["int32_data as bit patterns", "f8e8m0", intsField(int32Data, [0x7f, 0x80]), [1, 2]],
  ["int32_data, two in one", "i4", intsField(int32Data, [0xf1]), [1, -1]],
  ["int32_data, two in one", "u4", intsField(int32Data, [0xf1]), [1, 15]],
  ["int32_data, two in one", "f4e2m1", intsField(int32Data, [0xf1]), [0.5, -6]],
  ["int32_data, four in one", "i2", intsField(int32Data, [0b1101]), [1, -1]],
  ["int32_data, four in one", "u2", intsField(int32Data, [0b1101]), [1, 3]],
  ["int64_data", "i64", intsField(int64Data, [-(2n ** 63n), 2n ** 62n + 1n]), [-(2n ** 63n), 2n ** 62n + 1n]],
  ["uint64_data", "u64", intsField(uint64Data, [2n ** 64n - 1n, 1n]), [2n ** 64n - 1n, 1n]],
  ["uint64_data", "u32", intsField(uint64Data, [2 ** 32 - 1, 1]), [2 ** 32 - 1, 1]],
  ["double_data", "f64", doubles(doubleData, [Math.PI, -0]), [Math.PI, -0]],
  ["float_data in pairs", "c64", floatsField(floatData, [1, 2, 3, 4]), [1, 2, 3, 4]],
  ["double_data in pairs", "c128", doubles(doubleData, [1, 2, 3, 4]), [1, 2, 3, 4]],
  ["string_data", "string", message(textField(stringData, "ä"), textField(stringData, "")), ["ä", ""]],
  ["elements that are not packed", "f32", message(floatField(floatData, 1), floatField(floatData, 2)), [1, 2]],
  ["elements that are not packed", "i64", message(intField(int64Data, -1), intField(int64Data, 300)), [-1n, 300n]],
  ["several packed pieces", "i64", message(intsField(int64Data, [1]), intsField(int64Data, [2])), [1n, 2n]],
  ["packed and single ones mixed", "i64", message(intsField(int64Data, [1]), intField(int64Data, 2)), [1n, 2n]],
])("%s holds %s", (_, dtype, data, wanted) => {
  expect(elements(dtype, [2], data)).toEqual(wanted);
});

test("lists that other fields interrupt are joined in order", () => {
  const name = textField(8, "w");
  expect(
    elements("i64", [3], intField(int64Data, 1), name, intField(int64Data, 2), name, intsField(int64Data, [3])),
  ).toEqual([1n, 2n, 3n]);
});

test("long lists are read like short ones", () => {
  const values = Array.from({ length: 1000 }, (_, i) => BigInt(i) ** 6n - 500n);
  expect(elements("i64", [10, 100], intsField(int64Data, values))).toEqual(values);
  expect(elements("f32", [1000], ...values.map((_, i) => floatField(floatData, i)))).toEqual(values.map((_, i) => i));
});

test.each(dtypes)("an empty tensor of %s needs no data", (dtype) => {
  expect(elements(dtype, [0, 7])).toEqual([]);
  if (dtype !== "string") expect(elements(dtype, [7, 0], bytesField(rawData, new Uint8Array()))).toEqual([]);
});

const refuse =
  (dtype: DType, shape: readonly number[], ...parts: Uint8Array[]) =>
  () =>
    elements(dtype, shape, ...parts);

test.each<[string, string, () => unknown]>([
  [
    "E0111",
    "expected 8 bytes for f32[2] in raw_data, found 7",
    refuse("f32", [2], bytesField(rawData, new Uint8Array(7))),
  ],
  [
    "E0111",
    "expected 2 bytes for i4[3] in raw_data, found 3",
    refuse("i4", [3], bytesField(rawData, new Uint8Array(3))),
  ],
  [
    "E0111",
    "expected 1 values for i2[4] in int32_data, found 4",
    refuse("i2", [4], intsField(int32Data, [0, 0, 0, 0])),
  ],
  ["E0111", "expected 4 values for c64[2] in float_data, found 2", refuse("c64", [2], floatsField(floatData, [1, 2]))],
  ["E0111", "expected 1 values for f32[] in float_data, found 0", refuse("f32", [])],
  [
    "E0111",
    "expected 0 bytes for f32[0] in raw_data, found 4",
    refuse("f32", [0], bytesField(rawData, new Uint8Array(4))),
  ],
  [
    "E0112",
    "has data in float_data and raw_data",
    refuse("f32", [1], floatsField(floatData, [1]), bytesField(rawData, new Uint8Array(4))),
  ],
  ["E0112", "of i64 has its data in int32_data", refuse("i64", [1], intsField(int32Data, [1]))],
  ["E0112", "of string has its data in raw_data", refuse("string", [1], bytesField(rawData, new Uint8Array(1)))],
  ["E0113", "of u8: 256 at element 1 is out of range", refuse("u8", [2], intsField(int32Data, [0, 256]))],
  ["E0113", "of f16: -1 at element 0 is out of range", refuse("f16", [1], intsField(int32Data, [-1]))],
  ["E0113", "of u32: 4294967296 at element 0 is out of range", refuse("u32", [1], intsField(uint64Data, [2 ** 32]))],
  ["E0108", "a string that is not UTF-8", refuse("string", [1], bytesField(stringData, Uint8Array.of(0xff)))],
  ["E0110", "has the dimension -1", refuse("f32", [-1])],
  ["E0104", "18014398509481984 or more elements", refuse("f32", [2 ** 27, 2 ** 27])],
  ["E0104", "33 dimensions", refuse("f32", new Array(33).fill(1))],
  [
    "E0126",
    "has raw_data twice",
    refuse("u8", [2], bytesField(rawData, Uint8Array.of(1)), bytesField(rawData, Uint8Array.of(2))),
  ],
  ["E0107", "tensors in segments are not supported", refuse("u8", [1], bytesField(3, new Uint8Array()))],
  ["E0107", "field 17 of a tensor is unknown", refuse("u8", [1], intField(17, 1))],
  ["E0106", "field 2 of a tensor: expected wire type 0, found 2", refuse("u8", [1], textField(2, "x"))],
])("%s: %s", (code, text, action) => {
  expect(action).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
});

test("element types outside ONNX's are refused", () => {
  for (const number of [0, 27, -1])
    expect(() => decodeTensorProto(intField(2, number))).toThrow(expect.objectContaining({ code: "E0109" }));
});

test("the largest shape whose product is exact is judged by its product", () => {
  // 2^20 · 2^20 elements are within the limit, so the missing data is what is wrong.
  expect(refuse("f32", [2 ** 20, 2 ** 20])).toThrow(expect.objectContaining({ code: "E0111" }));
  expect(sizeOf([2 ** 20, 2 ** 20])).toBe(2 ** 40);
});

test("dimensions may be packed or not", () => {
  const packed = message(
    intsField(1, [2, 1]),
    intField(2, dtypeToOnnx("u8")),
    bytesField(rawData, Uint8Array.of(5, 6)),
  );
  expect(plain(decodeTensorProto(packed).shape)).toEqual(["2", "1"]);
});

test("errors are OnnxErrors with the tensor's name", () => {
  const bytes = message(head("f32", [1]), textField(8, "conv1.weight"));
  expect(() => decodeTensorProto(bytes)).toThrow(OnnxError);
  expect(() => decodeTensorProto(bytes)).toThrow(expect.objectContaining({ node: "conv1.weight", exit: 3 }));
});
