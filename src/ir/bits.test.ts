import { describe, expect, test } from "vitest";
import { decodeFloat, encodeFloat, readPacked, roundTo, writePacked } from "./bits.ts";
import { bitsOf, type DType, dtypes, packedBytes } from "./dtype.ts";
import { encodeAll } from "./small_floats.ts";
import { tensor } from "./tensor.ts";

const smallFloats = ["f16", "bf16", "f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "f4e2m1"] as const;
const patterns = (dtype: DType): number[] => Array.from({ length: 2 ** bitsOf(dtype) }, (_, bits) => bits);

/** The finite values of a format in ascending order, -0 left out, each with its pattern. */
function finiteValues(dtype: DType): { bits: number; value: number }[] {
  const all = patterns(dtype).map((bits) => ({ bits, value: decodeFloat(dtype, bits) }));
  return all.filter(({ value }) => Number.isFinite(value) && !Object.is(value, -0)).sort((a, b) => a.value - b.value);
}

describe.each(smallFloats)("%s", (dtype) => {
  test("every pattern decodes to a value that encodes to it", () => {
    const failures = patterns(dtype).filter((bits) => {
      const value = decodeFloat(dtype, bits);
      if (Number.isNaN(value)) return !Number.isNaN(decodeFloat(dtype, encodeFloat(dtype, value)));
      return encodeFloat(dtype, value, { saturate: false }) !== bits;
    });
    expect(failures).toEqual([]);
  });

  test("between two neighbours the nearer is taken, in the middle the even one", () => {
    const values = finiteValues(dtype);
    const failures: number[] = [];
    for (const [i, low] of values.slice(0, -1).entries()) {
      const high = values[i + 1] as (typeof values)[number];
      const middle = (low.value + high.value) / 2; // exact: f64 has bits to spare
      const nudge = (high.value - low.value) * 2 ** -20;
      const even = low.bits % 2 === 0 ? low : high;
      const pairs = [
        [middle, even],
        [middle - nudge, low],
        [middle + nudge, high],
      ] as const;
      for (const [x, wanted] of pairs) if (roundTo(dtype, x) !== wanted.value) failures.push(x);
    }
    expect(failures).toEqual([]);
  });

  test("rounding happens once: a hair above the middle goes up however small it is", () => {
    const [one, next] = finiteValues(dtype).filter(({ value }) => value >= 1);
    const middle = (1 + (next?.value ?? 0)) / 2;
    expect(one?.value).toBe(1);
    expect(roundTo(dtype, middle + 2 ** -52)).toBe(next?.value);
    expect(roundTo(dtype, middle - 2 ** -52)).toBe(1);
  });
});

test.each([
  ["f16", 0x0001, 2 ** -24],
  ["f16", 0x3c00, 1],
  ["f16", 0x7bff, 65504],
  ["bf16", 0x0001, 2 ** -133],
  ["bf16", 0x7f7f, 3.3895313892515355e38],
  ["f8e4m3fn", 0x7e, 448],
  ["f8e4m3fn", 0x01, 2 ** -9],
  ["f8e4m3fnuz", 0x7f, 240],
  ["f8e4m3fnuz", 0x01, 2 ** -10],
  ["f8e5m2", 0x7b, 57344],
  ["f8e5m2", 0x01, 2 ** -16],
  ["f8e5m2fnuz", 0x7f, 57344],
  ["f8e5m2fnuz", 0x01, 2 ** -17],
  ["f4e2m1", 0x7, 6],
  ["f4e2m1", 0x1, 0.5],
  ["f8e8m0", 0x00, 2 ** -127],
  ["f8e8m0", 0xfe, 2 ** 127],
  ["f32", 0x3fc00000, 1.5],
] as const)("the %s pattern %i is %f", (dtype, bits, value) => {
  expect(decodeFloat(dtype, bits)).toBe(value);
  expect(encodeFloat(dtype, value)).toBe(bits);
});

/** The two tables of the operator Cast: type, then the patterns for inf, -inf, 1e6, -1e6, NaN, -0. */
const castTables = {
  saturating: {
    f8e4m3fn: [0x7e, 0xfe, 0x7e, 0xfe, 0x7f, 0x80],
    f8e4m3fnuz: [0x7f, 0xff, 0x7f, 0xff, 0x80, 0x00],
    f8e5m2: [0x7b, 0xfb, 0x7b, 0xfb, 0x7e, 0x80],
    f8e5m2fnuz: [0x7f, 0xff, 0x7f, 0xff, 0x80, 0x00],
    f4e2m1: [0x7, 0xf, 0x7, 0xf, 0x8, 0x8],
  },
  wrapping: {
    f8e4m3fn: [0x7f, 0xff, 0x7f, 0xff, 0x7f, 0x80],
    f8e4m3fnuz: [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    f8e5m2: [0x7c, 0xfc, 0x7c, 0xfc, 0x7e, 0x80],
    f8e5m2fnuz: [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
    f16: [0x7c00, 0xfc00, 0x7c00, 0xfc00, 0x7e00, 0x8000],
  },
} as const;
const inputs = [Infinity, -Infinity, 1e6, -1e6, NaN, -0];

test.each([...smallFloats, "f8e8m0"] as const)("packing many %s rounds like packing one", (dtype) => {
  // All sign and exponent bits, with mantissas that are on, just above and just below every possible middle, and some others.
  const mantissas = Array.from({ length: 24 }, (_, i) => 1 << i).flatMap((bit) => [
    bit - 1,
    bit,
    bit + 1,
    0x7fffff - bit,
  ]);
  const odd = Array.from({ length: 300 }, (_, i) => (i * 27961 + 12345) & 0x7fffff);
  const bits = new Uint32Array(512 * (mantissas.length + odd.length));
  let at = 0;
  for (let top = 0; top < 512; top++)
    for (const m of [...mantissas, ...odd]) bits[at++] = top * 0x800000 + (m & 0x7fffff);
  const values = new Float32Array(bits.buffer);
  const patterns = encodeAll(dtype, values);
  const wrong = Array.from(values).filter((x, i) => {
    const wanted = encodeFloat(dtype, x, { saturate: Math.abs(x) === Infinity ? false : undefined });
    return patterns[i] !== wanted;
  });
  expect(wrong).toEqual([]);
});

test.each(Object.entries(castTables.saturating))("%s saturates as Cast's first table says", (dtype, wanted) => {
  expect(inputs.map((x) => encodeFloat(dtype as DType, x, { saturate: true }))).toEqual(wanted);
});

test.each(Object.entries(castTables.wrapping))("%s without saturation follows Cast's second table", (dtype, wanted) => {
  expect(inputs.map((x) => encodeFloat(dtype as DType, x, { saturate: false }))).toEqual(wanted);
});

test("what rounds down to the largest value does not overflow", () => {
  expect(encodeFloat("f8e4m3fn", 463.9, { saturate: false })).toBe(0x7e);
  expect(encodeFloat("f8e4m3fn", 464, { saturate: false })).toBe(0x7e); // a tie with 480, which would be odd
  expect(encodeFloat("f8e4m3fn", 464.1, { saturate: false })).toBe(0x7f);
  expect(encodeFloat("f16", 65519.99)).toBe(0x7bff);
  expect(encodeFloat("f16", 65520)).toBe(0x7c00);
});

test("tiny values round to zero and keep their sign where there is one", () => {
  expect(encodeFloat("f16", -1e-300)).toBe(0x8000);
  expect(encodeFloat("f16", Number.MIN_VALUE)).toBe(0);
  expect(encodeFloat("f8e4m3fnuz", -1e-300)).toBe(0);
});

describe("f8e8m0", () => {
  test.each([
    ["up", [0x7f, 0x80, 0x80, 0x00, 0xfe]],
    ["nearest", [0x7f, 0x7f, 0x80, 0x00, 0xfe]],
    ["down", [0x7f, 0x7f, 0x7f, 0x00, 0xfe]],
  ] as const)("rounds %s", (roundMode, wanted) => {
    const xs = [1, 1.25, 1.5, 2 ** -127, 2 ** 127];
    expect(xs.map((x) => encodeFloat("f8e8m0", x, { roundMode }))).toEqual(wanted);
  });
  test.each([
    [true, [0, 0, 0xfe, 0xfe, 0xff]],
    [false, [0xff, 0xff, 0xff, 0xff, 0xff]],
  ])("beyond its range with saturate %s", (saturate, wanted) => {
    const xs = [0, 2 ** -130, 2 ** 127 * 1.5, Infinity, NaN];
    expect(xs.map((x) => encodeFloat("f8e8m0", x, { saturate }))).toEqual(wanted);
  });
  test("every pattern but NaN's survives", () => {
    const failures = patterns("f8e8m0").filter((b) => encodeFloat("f8e8m0", decodeFloat("f8e8m0", b)) !== b);
    expect(failures).toEqual([]);
  });
});

describe("packed bytes", () => {
  test.each(dtypes.filter((d) => d !== "string"))("%s: any bytes read and written again are the same", (dtype) => {
    const count = 256;
    const bytes = Uint8Array.from({ length: packedBytes(dtype, count) }, (_, i) => (i * 97 + (i >> 8) * 31) & 0xff);
    const canonical = writePacked(readPacked(dtype, [count], bytes)); // NaN patterns and bools are normalised once
    const again = writePacked(readPacked(dtype, [count], canonical));
    expect(again).toEqual(canonical);
    if (!["f16", "bf16", "bool"].includes(dtype) && !dtype.startsWith("f8")) expect(canonical).toEqual(bytes);
  });

  test.each([
    ["i4", [1, -1, 7, -8, 3], [0xf1, 0x87, 0x03]],
    ["u4", [1, 15, 7], [0xf1, 0x07]],
    ["i2", [1, -1, -2, 0, 1], [0b00101101, 0b01]],
    ["u2", [1, 3, 2, 0, 3], [0b00101101, 0b11]],
    ["f4e2m1", [0.5, -6, 4], [0xf1, 0x06]],
    ["bool", [1, 0], [1, 0]],
    ["u16", [0x1234], [0x34, 0x12]],
    ["f16", [1, -2], [0x00, 0x3c, 0x00, 0xc0]],
    ["i64", [-2], [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ] as const)("%s elements are packed from the low bits up", (dtype, values, bytes) => {
    const t = tensor(dtype, [values.length], values);
    expect(Array.from(writePacked(t))).toEqual(bytes);
    expect(readPacked(dtype, [values.length], Uint8Array.from(bytes))).toEqual(t);
  });

  test("complex elements are two parts", () => {
    const bytes = new Uint8Array(new Float32Array([1, -2, 3, 4]).buffer);
    const t = readPacked("c64", [2], bytes);
    expect(Array.from(t.data as Float32Array)).toEqual([1, -2, 3, 4]);
    expect(writePacked(t)).toEqual(bytes);
  });

  test("a buffer that is not aligned is read all the same", () => {
    const bytes = new Uint8Array(9).subarray(1);
    bytes.set(new Uint8Array(new Float64Array([Math.PI]).buffer));
    expect(Array.from(readPacked("f64", [], bytes).data as Float64Array)).toEqual([Math.PI]);
  });

  test("any non-zero byte is true", () => {
    expect(Array.from(readPacked("bool", [3], Uint8Array.of(0, 2, 255)).data as Uint8Array)).toEqual([0, 1, 1]);
  });

  test.each([
    ["f32", 3],
    ["i4", 2],
    ["i2", 2],
  ] as const)("%s refuses %i bytes for one element", (dtype, length) => {
    expect(() => readPacked(dtype, [], new Uint8Array(length))).toThrow(RangeError);
  });

  test("empty tensors have no bytes", () => {
    expect(writePacked(readPacked("f16", [0, 3], new Uint8Array()))).toEqual(new Uint8Array());
  });

  test("strings are refused", () => {
    expect(() => readPacked("string", [1], new Uint8Array(1))).toThrow(TypeError);
    expect(() => encodeFloat("i32", 1)).toThrow(TypeError);
    expect(() => decodeFloat("f64", 1)).toThrow(TypeError);
  });
});

test("roundTo keeps infinity where the type has it and saturates finite values of 8 bits", () => {
  expect(roundTo("f8e5m2", Infinity)).toBe(Infinity);
  expect(roundTo("f8e5m2", 1e9)).toBe(57344);
  expect(roundTo("f8e4m3fn", -Infinity)).toBeNaN();
  expect(roundTo("f16", 1e9)).toBe(Infinity);
  expect(roundTo("f32", 0.1)).toBe(Math.fround(0.1));
  expect(roundTo("f64", 0.1)).toBe(0.1);
});
