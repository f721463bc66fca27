import fc from "fast-check";
import { expect, test } from "vitest";
import { type RuntimeValue, type Tensor, tensor } from "../ir/tensor.ts";
import { entriesOf, inputsFrom, isEntryName, outputEntries, outputsFrom, readNpz, valueAt, writeNpz } from "./npz.ts";
import { readZip, writeZip } from "./zip.ts";

/** `np.savez_compressed(f, **{"x:0": np.arange(3, dtype="f4"), "y/z": np.array(7)})` of numpy 2.4. */
const compressed = Buffer.from(
  "UEsDBC0AAAAIAAAAIQC2jIZT//////////8HABQAeDowLm5weQEAEACMAAAAAAAAAEsAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNmoq6j" +
    "oJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaxjqaOgq1ChQALgYwaLAHEg4AUEsDBC0AAAAIAAAAIQAjuPBs//////////8HABQAeS96Lm5w" +
    "eQEAEACIAAAAAAAAAEYAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkamjoKtQoU" +
    "AS52BggAAFBLAQItAy0AAAAIAAAAIQC2jIZTSwAAAIwAAAAHAAAAAAAAAAAAAACAAQAAAAB4OjAubnB5UEsBAi0DLQAAAAgAAAAhACO48GxGAAAA" +
    "iAAAAAcAAAAAAAAAAAAAAIABhAAAAHkvei5ucHlQSwUGAAAAAAIAAgBqAAAAAwEAAAAA",
  "base64",
);

test("reads what numpy compresses", () => {
  const arrays = readNpz(compressed);
  expect([...arrays]).toEqual([
    ["x:0", tensor("f32", [3], [0, 1, 2])],
    ["y/z", tensor("i64", [], [7])],
  ]);
});

test("what is written is read back, in order, and twice the same bytes come out", () => {
  const arrays = new Map<string, Tensor>([
    ["b", tensor("string", [2], ["x", "ü"])],
    ["__proto__", tensor("f16", [1], [0.5])],
    ["a", tensor("bool", [], [1])],
  ]);
  expect([...readNpz(writeNpz(arrays))]).toEqual([...arrays]);
  expect(writeNpz(arrays)).toEqual(writeNpz(arrays));
  expect(readNpz(writeNpz(new Map())).size).toBe(0);
});

test("any damaged byte is an error or changes nothing that was asked for", () => {
  const whole = readNpz(compressed);
  fc.assert(
    fc.property(fc.nat(compressed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const bytes = Uint8Array.from(compressed);
      bytes[at] = (bytes[at] as number) ^ flip;
      let read: ReturnType<typeof readNpz>;
      try {
        read = readNpz(bytes);
      } catch (e) {
        expect((e as Error).name).toBe("TensorFileError");
        return;
      }
      expect([...read.values()]).toEqual([...whole.values()]); // a name or an unused field was hit
    }),
    { numRuns: 2000 },
  );
});

test("every truncation is an error", () => {
  for (let n = 0; n < compressed.length; n++)
    expect(() => readNpz(compressed.subarray(0, n))).toThrow(/zip archive|\.npy/);
});

/** A one-member archive whose directory claims `size` bytes, deflated. */
function claiming(size: number): Uint8Array {
  const bytes = writeZip([["a.npy", new Uint8Array(10)]]);
  const view = new DataView(bytes.buffer);
  const directory = 30 + 5 + 10;
  view.setUint16(directory + 10, 8, true);
  view.setUint32(directory + 24, size, true);
  return bytes;
}

test.each([
  ["a claim that deflate cannot meet", claiming(1e9), /claims 1000000000 bytes/],
  ["damaged deflate data", claiming(10), /damaged/],
  ["more than the limit in all", writeZip64Claim(2 ** 40), /more than/],
  ["a member that is no array", writeZip([["readme.txt", new Uint8Array(1)]]), /not an array/],
  [
    "two members with one name",
    writeZip([
      ["a.npy", new Uint8Array(1)],
      ["a.npy", new Uint8Array(1)],
    ]),
    /two members/,
  ],
  ["an array that is malformed", writeZip([["a.npy", new Uint8Array(3)]]), /member "a.npy": .npy/],
] as const)("refuses %s", (_, bytes, message) => {
  expect(() => readNpz(bytes)).toThrow(message);
});

/** An archive whose only member claims `size` bytes in a zip64 field. */
function writeZip64Claim(size: number): Uint8Array {
  const plain = writeZip([["a.npy", new Uint8Array(0)]]);
  const extra = new Uint8Array(12);
  new DataView(extra.buffer).setUint16(0, 1, true);
  new DataView(extra.buffer).setUint16(2, 8, true);
  new DataView(extra.buffer).setBigUint64(4, BigInt(size), true);
  const directory = 30 + 5;
  const bytes = new Uint8Array(plain.length + 12);
  bytes.set(plain.subarray(0, directory + 51));
  bytes.set(extra, directory + 51);
  bytes.set(plain.subarray(directory + 51), directory + 63);
  const view = new DataView(bytes.buffer);
  view.setUint32(directory + 24, 0xffffffff, true);
  view.setUint16(directory + 30, 12, true);
  return bytes;
}

test("members keep their order and can be unpacked one by one", () => {
  const members = readZip(
    writeZip([
      ["z", Uint8Array.of(1)],
      ["a/b", Uint8Array.of(2, 3)],
    ]),
  );
  expect(members.map((m) => [m.name, m.size, [...m.read()]])).toEqual([
    ["z", 1, [1]],
    ["a/b", 2, [2, 3]],
  ]);
});

const t = (n: number): Tensor => tensor("u8", [1], [n]);
const values: RuntimeValue[] = [
  t(1),
  { kind: "sequence", elements: [t(2), { kind: "sequence", elements: [t(3)] }] },
  { kind: "map", keys: tensor("string", [1], ["k"]), values: t(4) },
];

test("sequences and maps have one entry per part", () => {
  expect(values.flatMap((v, i) => entriesOf(String(i), v)).map(([k]) => k)).toEqual([
    "0",
    "1.0",
    "1.1.0",
    "2.keys",
    "2.values",
  ]);
  expect(entriesOf("x", null)).toEqual([]);
});

test.each([
  ["plain names", ["a", "b", "c"]],
  ["names that no entry can hold", ["\n", "a\\b", ""]],
  ["names that look like other positions", ["2", "0", "1"]],
  ["names that look like parts", ["1.0", "x", "0.keys"]],
])("outputs come back under %s", (_, names) => {
  const back = readNpz(writeNpz(outputEntries(names, values)));
  expect(outputsFrom(back, names)).toEqual(values);
});

test("inputs are bound by name, and by position where no entry can hold the name", () => {
  const arrays = new Map([
    ["x", t(1)],
    ["1", t(2)],
  ]);
  expect(inputsFrom(arrays, ["x", "bad\nname", "absent"])).toEqual([t(1), t(2), undefined]);
  expect(valueAt(arrays, "absent")).toBeUndefined();
});

test.each([
  ["", false],
  ["a/b:0", true],
  ["a\\b", false],
  ["a\0", false],
  ["\ud800", false],
  ["ü".repeat(600), false],
])("entry names, case %#", (name, answer) => {
  expect(isEntryName(name)).toBe(answer);
});
