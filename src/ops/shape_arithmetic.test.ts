import { expect, test } from "vitest";
import { Builder, Names } from "../ir/builder.ts";
import { type Dim, dimText, symbol } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { tensorType, typeText } from "../ir/types.ts";
import { concat } from "./concat.ts";
import { depthToSpace, spaceToDepth } from "./depth_to_space.ts";
import { expand } from "./expand.ts";
import { flatten } from "./flatten.ts";
import { gather } from "./gather.ts";
import { pad } from "./pad.ts";
import { reduceSum } from "./reduce.ts";
import { reshape } from "./reshape.ts";
import { shape } from "./shape.ts";
import { size } from "./size.ts";
import { slice } from "./slice.ts";
import { split } from "./split.ts";
import { squeeze } from "./squeeze.ts";
import { tile } from "./tile.ts";
import { unsqueeze } from "./unsqueeze.ts";

const n = symbol("N");
const t = symbol("T");

function builder(): { b: Builder; x: (...shape: Dim[]) => Value } {
  const b = new Builder(new Names(), ["node"]);
  return { b, x: (...extents) => b.value("x", tensorType("f32", extents)) };
}

const known = (v: Value): string => (v.contents ?? []).map((d) => (d === undefined ? "?" : dimText(d))).join(", ");

test("a shape that is taken apart and put together again is known", () => {
  const { b, x } = builder();
  const heads = x(n, t, 768);
  const extents = b.emit(shape, { data: heads });
  const one = (i: number): Value => b.emit(gather, { data: extents, indices: b.scalar("i64", i) });
  const row = (v: Value): Value => b.emit(unsqueeze, { data: v, axes: b.int64s([0]) });
  const wanted = b.emit(concat, { inputs: [row(one(0)), row(one(-2)), b.int64s([12, -1])] }, { axis: 0 });
  expect(known(wanted)).toBe("N, T, 12, -1");
  expect(typeText(b.emit(reshape, { data: heads, shape: wanted }).type)).toBe("f32[N, T, 12, 64]");
});

test("parts of shapes are known, forwards and backwards", () => {
  const { b, x } = builder();
  const extents = b.emit(shape, { data: x(n, t, 3, 4) });
  const part = (start: number, end: number, step: number): Value =>
    b.emit(slice, {
      data: extents,
      starts: b.int64s([start]),
      ends: b.int64s([end]),
      axes: b.int64s([0]),
      steps: b.int64s([step]),
    });
  expect(known(part(1, 2 ** 31, 1))).toBe("T, 3, 4");
  expect(known(part(-2, -1, 1))).toBe("3");
  expect(known(part(-1, -(2 ** 31), -2))).toBe("4, T");
  const [first, rest] = b.emitAll(split, { input: extents, split: b.int64s([1, 3]) }, { axis: 0 }, 2) as Value[];
  expect([known(first as Value), known(rest as Value)]).toEqual(["N", "T, 3, 4"]);
  expect(known(b.emit(squeeze, { data: first as Value, axes: b.int64s([0]) }))).toBe("N");
  expect(known(b.emit(size, { data: x(n, 2, t) }))).toBe("2*N*T");
  expect(known(b.emit(shape, { data: x(n, t, 5) }, { start: -2, end: 9 }))).toBe("T, 5");
  expect(known(b.emit(tile, { input: first as Value, repeats: b.int64s([2]) }))).toBe("N, N");
  expect(known(b.emit(expand, { input: first as Value, shape: b.int64s([3]) }))).toBe("N, N, N");
});

test("numbers that a double does not hold are not known, but say where a slice ends", () => {
  const { b, x } = builder();
  const end = b.tensor("i64", [1], [2n ** 63n - 1n]);
  expect(known(b.emit(concat, { inputs: [b.emit(shape, { data: x(n) }), end] }, { axis: 0 }))).toBe("N, ?");
  const rest = b.emit(slice, { data: x(n), starts: b.int64s([1]), ends: end });
  expect(typeText(rest.type)).toBe("f32[N - 1]");
});

test("what is not known stays open, the rest is kept", () => {
  const { b, x } = builder();
  const run = b.value("run", tensorType("i64", [1]));
  const list = b.emit(concat, { inputs: [b.emit(shape, { data: x(n, t) }), run] }, { axis: 0 });
  expect(known(list)).toBe("N, T, ?");
  const y = b.emit(reshape, { data: x(n, t, 6), shape: list });
  expect(shapeOf(y).slice(0, 2).map(dimText)).toEqual(["N", "T"]);
  expect(b.ops.at(-1)?.fresh.length).toBe(1);
});

const results: readonly (readonly [string, string, (e: ReturnType<typeof builder>) => Value])[] = [
  ["rows and columns", "f32[N*T, 12]", ({ b, x }) => b.emit(flatten, { input: x(n, t, 3, 4) }, { axis: 2 })],
  ["everything as rows", "f32[N*T, 1]", ({ b, x }) => b.emit(flatten, { input: x(n, t) }, { axis: 2 })],
  ["negative pads", "f32[N + 1, T - 2]", ({ b, x }) => b.emit(pad, { data: x(n, t), pads: b.int64s([1, -1, 0, -1]) })],
  [
    "pads of some axes",
    "f32[N, T + 5]",
    ({ b, x }) => b.emit(pad, { data: x(n, t), pads: b.int64s([2, 3]), axes: b.int64s([-1]) }),
  ],
  ["blocks", "f32[N, 2, 4*T, 8]", ({ b, x }) => b.emit(depthToSpace, { input: x(n, 32, t, 2) }, { blocksize: 4 })],
  [
    "blocks back",
    "f32[N, 32, (T/4), 2]",
    ({ b, x }) => b.emit(spaceToDepth, { input: x(n, 2, t, 8) }, { blocksize: 4 }),
  ],
  ["kept axes", "f32[N, 1, 4]", ({ b, x }) => b.emit(reduceSum, { data: x(n, t, 4), axes: b.int64s([-2]) })],
  [
    "no axes, no reduction",
    "f32[N, T]",
    ({ b, x }) => b.emit(reduceSum, { data: x(n, t) }, { noop_with_empty_axes: true }),
  ],
  ["all axes dropped", "f32[]", ({ b, x }) => b.emit(reduceSum, { data: x(n, t) }, { keepdims: false })],
  [
    "the last of equal parts",
    "f32[3]",
    ({ b, x }) => b.emitAll(split, { input: x(11) }, { num_outputs: 3 }, 3)[2] as Value,
  ],
  [
    "equal parts of a multiple",
    "f32[N]",
    ({ b, x }) => {
      const three = b.emit(concat, { inputs: [x(n), x(n), x(n)] }, { axis: 0 });
      return b.emitAll(split, { input: three }, { num_outputs: 3 }, 3)[1] as Value;
    },
  ],
  ["an axis that may be 1", "f32[*]", ({ b, x }) => b.emit(squeeze, { data: x(n, 3) })],
  ["broadcast", "f32[2, N, 3]", ({ b, x }) => b.emit(expand, { input: x(n, 1), shape: b.int64s([2, 1, 3]) })],
];

for (const [what, expected, make] of results)
  test(`extents of ${what}`, () => {
    expect(typeText(make(builder()).type)).toBe(expected);
  });

const errors: readonly (readonly [string, string, (e: ReturnType<typeof builder>) => unknown])[] = [
  ["E0201", "extents that differ", ({ b, x }) => b.emit(concat, { inputs: [x(2, 3), x(2, 4)] }, { axis: 0 })],
  ["E0202", "an axis too many", ({ b, x }) => b.emit(concat, { inputs: [x(2, 3)] }, { axis: 2 })],
  ["E0201", "too few elements", ({ b, x }) => b.emit(reshape, { data: x(2, 3), shape: b.int64s([7]) })],
  ["E0201", "two extents to infer", ({ b, x }) => b.emit(reshape, { data: x(2, 3), shape: b.int64s([-1, -1]) })],
  ["E0201", "an axis that is not 1", ({ b, x }) => b.emit(squeeze, { data: x(2, 3), axes: b.int64s([0]) })],
  ["E0202", "an axis added twice", ({ b, x }) => b.emit(unsqueeze, { data: x(n), axes: b.int64s([0, 0]) })],
  [
    "E0201",
    "a step of 0",
    ({ b, x }) =>
      b.emit(slice, {
        data: x(n),
        starts: b.int64s([0]),
        ends: b.int64s([1]),
        axes: b.int64s([0]),
        steps: b.int64s([0]),
      }),
  ],
  ["E0203", "an axis of the wrong type", ({ b, x }) => b.emit(gather, { data: x(n), indices: x(1) })],
  [
    "E0201",
    "more padding taken away than there is",
    ({ b, x }) => b.emit(pad, { data: x(3), pads: b.int64s([-2, -2]) }),
  ],
];

for (const [code, what, make] of errors)
  test(`${what} is ${code}`, () => {
    expect(() => make(builder())).toThrow(code);
  });
