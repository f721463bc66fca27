import fc from "fast-check";
import { expect, test } from "vitest";
import { type DType, dtypes } from "../ir/dtype.ts";
import { allocate, sizeOf, type Tensor, tensor } from "../ir/tensor.ts";
import { asDeclared } from "./element_types.ts";
import { readNpy, writeNpy } from "./npy.ts";

/** A version 1 file whose header holds `dict`, unpadded. */
function file(dict: string, body: Uint8Array = new Uint8Array(), version = 1): Uint8Array {
  const text = new TextEncoder().encode(dict);
  const length = version === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...new TextEncoder().encode("NUMPY"), version, 0, ...length, ...text, ...body]);
}
const header = (descr: string, shape: string, fortran = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;
const hex = (s: string): Uint8Array => Uint8Array.from(Buffer.from(s.replaceAll(" ", ""), "hex"));
/** What numpy 2.4 wrote, cut down to header and body. */
const written = (descr: string, shape: string, body: string, fortran?: string) =>
  file(header(descr, shape, fortran), hex(body));

test.each<[string, Uint8Array, Tensor]>([
  [
    "big-endian half precision",
    written(">f2", "(5,)", "3e00 8000 7bff 7c00 0001"),
    tensor("f16", [5], [1.5, -0, 65504, Number.POSITIVE_INFINITY, 2 ** -24]),
  ],
  [
    "Fortran order",
    written("<i2", "(2, 3)", "0100 0400 0200 0500 0300 0600", "True"),
    tensor("i16", [2, 3], [1, 2, 3, 4, 5, 6]),
  ],
  ["64-bit integers", written("<i8", "(1,)", "0100000000002000"), tensor("i64", [1], [2n ** 53n + 1n])],
  ["unicode", written("<U2", "(2,)", "00f60100 00000000 e9000000 e9000000"), tensor("string", [2], ["😀", "éé"])],
  ["big-endian unicode", written(">U2", "(1,)", "00000078 00000000"), tensor("string", [1], ["x"])],
  ["byte strings", written("|S3", "(2,)", "616200 000000"), tensor("string", [2], ["ab", ""])],
  ["empty strings", written("<U0", "(2,)", ""), tensor("string", [2], ["", ""])],
  ["booleans", written("|b1", "(2,)", "0100"), tensor("bool", [2], [1, 0])],
  ["a scalar", written("<f8", "()", "000000000000f03f"), tensor("f64", [], [1])],
  ["no elements", written("<f4", "(2, 0)", ""), tensor("f32", [2, 0], [])],
  ["bits of bfloat16 from ml_dtypes", written("<V2", "(1,)", "803f"), tensor("u16", [1], [0x3f80])],
  ["bits of int4 from ml_dtypes", written("<V1", "(1,)", "0f"), tensor("u8", [1], [15])],
  ["version 2", file(header("|u1", "(1,)"), hex("07"), 2), tensor("u8", [1], [7])],
  ["version 3", file(header("|u1", "(1,)"), hex("07"), 3), tensor("u8", [1], [7])],
])("reads %s", (_, bytes, expected) => {
  expect(readNpy(bytes)).toEqual(expected);
});

test("reads complex numbers as pairs", () => {
  expect(readNpy(written(">c8", "()", "3f800000 c0000000")).data).toEqual(Float32Array.of(1, -2));
});

test.each<[string, Uint8Array, RegExp]>([
  ["another format", hex("504b0304 0000 0000 0000"), /does not begin/],
  ["an empty file", new Uint8Array(), /does not begin/],
  ["a later version", file(header("|u1", "()"), hex("00"), 4), /version 4/],
  ["a header that is cut off", written("<f4", "(1,)", "").subarray(0, 40), /cut off/],
  ["missing bytes", written("<f4", "(2,)", "00000000"), /needs 8 bytes, found 4/],
  ["surplus bytes", written("<f4", "(1,)", "0000000000"), /needs 4 bytes, found 5/],
  ["pickled objects", written("|O", "(1,)", "00"), /pickles/],
  ["structured types", file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), /structured/],
  ["dates", written("<M8[s]", "(1,)", "0000000000000000"), /not supported/],
  ["long doubles", written("<f16", "(1,)", "0".repeat(32)), /not supported/],
  ["a shape that overflows", written("<f4", "(0, 9007199254740993)", ""), /too large/],
  ["a negative extent", written("<f4", "(-1,)", ""), /missing/],
  ["no shape", file("{'descr': '<f4', 'fortran_order': False}"), /missing/],
  ["a boolean of 2", written("|b1", "(1,)", "02"), /neither 0 nor 1/],
  ["an impossible character", written("<U1", "(1,)", "ffffffff"), /impossible/],
])("refuses %s", (_, bytes, message) => {
  expect(() => readNpy(bytes)).toThrow(message);
});

test("a string that ends in NUL is not written, for it would come back shorter", () => {
  expect(() => writeNpy(tensor("string", [1], ["a\0"]))).toThrow(/NUL/);
});

/** Some value of each type: small non-negative integers, all of which f8e8m0 and the 4-bit float have, too. */
function element(dtype: DType, n: number): number | bigint | string {
  if (dtype === "string") return String.fromCodePoint(1 + n * 700);
  if (dtype === "i64" || dtype === "u64") return BigInt(n);
  return dtype === "bool" || dtype === "i2" ? n % 2 : 2 ** (n % (/^[ui]2|f4/.test(dtype) ? 2 : 3));
}

test.each(dtypes)("what is written as %s is read back and is as declared", (dtype: DType) => {
  const shape = fc.array(fc.nat(3), { maxLength: 4 });
  fc.assert(
    fc.property(shape, fc.infiniteStream(fc.nat(100)), (shape, numbers) => {
      const data = allocate(dtype, sizeOf(shape));
      for (let i = 0; i < data.length; i++) data[i] = element(dtype, numbers.next().value);
      const t = { dtype, shape, data };
      expect(asDeclared(readNpy(writeNpy(t)), dtype)).toEqual(t);
    }),
    { numRuns: 30 },
  );
});

test.each<[string, Tensor, DType, number[]]>([
  ["bfloat16", tensor("u16", [2], [0x3f80, 0xc000]), "bf16", [1, -2]],
  ["float8", tensor("u8", [2], [0x38, 0xb8]), "f8e4m3fn", [1, -1]],
  ["float4", tensor("u8", [2], [0x7, 0x9]), "f4e2m1", [6, -0.5]],
  ["int4 as ml_dtypes writes it", tensor("u8", [2], [15, 7]), "i4", [-1, 7]],
  ["int4 as a value", tensor("i8", [2], [-8, 7]), "i4", [-8, 7]],
])("bits become %s", (_, raw, dtype, values) => {
  expect(asDeclared(raw, dtype)).toEqual(tensor(dtype, raw.shape, values));
});

test.each<[Tensor, DType, RegExp]>([
  [tensor("f32", [1], [1]), "bf16", /kept in a file as "u2", but the file holds f32/],
  [tensor("u8", [1], [1]), "bf16", /holds u8/],
  [tensor("i8", [1], [1]), "u4", /holds i8/],
  [tensor("f64", [1], [1]), "f32", /holds f64/],
  [tensor("u8", [1], [16]), "i4", /16 is out of the range/],
  [tensor("i8", [1], [-3]), "i2", /-3 is out of the range/],
  [tensor("f32", [1], [1]), "string", /as strings, but/],
])("%j is not %s", (t, dtype, message) => {
  expect(() => asDeclared(t, dtype)).toThrow(message);
});

test("the body begins at a multiple of 64 bytes", () => {
  const bytes = writeNpy(tensor("u8", [1], [7]));
  expect([bytes.length, bytes[64 + 64 - 1], bytes[128]]).toEqual([129, 10, 7]);
});
