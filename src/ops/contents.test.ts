/** What is known of shapes survives the arithmetic that exporters put around them. */
import { expect, test } from "vitest";
import { Builder, Names } from "../ir/builder.ts";
import { type Dim, dimText, symbol } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import type { Value } from "../ir/graph.ts";
import type { AnyOpDef } from "../ir/op_def.ts";
import { tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { add, div, mul, sub } from "./binary.ts";
import { cast } from "./cast.ts";
import { clip } from "./clip.ts";
import { equal, greater, less } from "./comparison.ts";
import { and, not } from "./logical.ts";
import { mod } from "./mod.ts";
import { range } from "./range.ts";
import { neg } from "./unary.ts";
import { max, min } from "./variadic.ts";
import { where } from "./where.ts";

const N = symbol("N");
const H = symbol("H");
type Elements = readonly (Dim | undefined)[];

const b = new Builder(new Names(), ["node"]);
/** A vector of which this is known; numbers alone are a constant. */
function vector(elements: Elements, dtype: DType = "i64"): Value {
  if (elements.every((e) => typeof e === "number")) return b.constant(tensor(dtype, [elements.length], elements));
  return b.value("x", tensorType(dtype, [elements.length]), elements);
}
const scalar = (d: Dim): Value =>
  typeof d === "number" ? b.scalar("i64", d) : b.value("x", tensorType("i64", []), [d]);

function contentsOf(
  op: unknown,
  operands: readonly Value[],
  attrs: Record<string, unknown> = {},
): string[] | undefined {
  const def = op as AnyOpDef;
  const defaults = Object.fromEntries(
    Object.entries(def.attrs as Record<string, { default: unknown }>).map(([name, spec]) => [name, spec.default]),
  );
  const { outputs } = b.emitOp(def, operands, { ...defaults, ...attrs }, [true]);
  return outputs[0]?.contents?.map((d) => (d === undefined ? "?" : dimText(d)));
}

const cases: readonly [string, unknown, readonly Elements[], readonly string[] | undefined][] = [
  ["sums", add, [[N, 3], [1]], ["N + 1", "4"]],
  [
    "differences",
    sub,
    [
      [N, undefined],
      [H, 1],
    ],
    ["N - H", "?"],
  ],
  [
    "products",
    mul,
    [
      [N, 3],
      [2, H],
    ],
    ["2*N", "3*H"],
  ],
  [
    "quotients of sizes",
    div,
    [
      [N, 7, -7],
      [2, 2, 2],
    ],
    ["(N/2)", "3", "-3"],
  ],
  ["but not of what may be negative", div, [[sub_(N, 1)], [2]], undefined],
  [
    "nor by zero",
    div,
    [
      [5, N],
      [0, 0],
    ],
    undefined,
  ],
  [
    "remainders",
    mod,
    [
      [N, 7],
      [4, 4],
    ],
    ["N - 4*(N/4)", "3"],
  ],
  [
    "extrema",
    max,
    [
      [N, 3],
      [H, 5],
    ],
    ["max(H, N)", "5"],
  ],
  ["extrema of three", min, [[N], [H], [4]], ["min(4, min(H, N))"]],
  ["negation", neg, [[N, 2]], ["-N", "-2"]],
  [
    "a size is not −1",
    equal,
    [
      [N, -1, H],
      [-1, -1, N],
    ],
    ["0", "1", "?"],
  ],
  [
    "order, where the difference is known",
    less,
    [
      [N, N],
      [add_(N, 1), H],
    ],
    ["1", "?"],
  ],
  [
    "and the other way",
    greater,
    [
      [3, 3],
      [2, N],
    ],
    ["1", "?"],
  ],
  ["numbers that wrap are not known", mul, [[2 ** 40], [2 ** 40]], undefined],
  ["limits", clip, [[N, 7], [0], [5]], undefined],
];
function add_(a: Dim, c: Dim): Dim {
  return contentsDim(add, a, c);
}
function sub_(a: Dim, c: Dim): Dim {
  return contentsDim(sub, a, c);
}
function contentsDim(op: unknown, a: Dim, c: Dim): Dim {
  const { outputs } = b.emitOp(op as AnyOpDef, [scalar(a), scalar(c)], {}, [true]);
  return outputs[0]?.contents?.[0] as Dim;
}

test.each(cases.filter(([name]) => name !== "limits"))("%s", (_, op, operands, expected) => {
  expect(
    contentsOf(
      op,
      operands.map((e) => vector(e)),
    ),
  ).toEqual(expected);
});

test("limits", () => {
  expect(contentsOf(clip, [vector([N, 7]), scalar(0), scalar(5)])).toEqual(["min(5, N)", "5"]);
});

test("a shape with −1 replaced", () => {
  const shape = vector([N, -1, 4]);
  const isMinusOne = b.emit(equal, { a: shape, b: vector([-1]) });
  expect(isMinusOne.contents).toEqual([0, 1, 0]);
  expect(contentsOf(where, [isMinusOne, vector([1, 1, 1]), shape])).toEqual(["N", "1", "4"]);
  expect(contentsOf(where, [b.emit(not, { x: isMinusOne }), vector([1, 1, 1]), shape])).toEqual(["1", "-1", "1"]);
  expect(contentsOf(and, [isMinusOne, b.value("u", tensorType("bool", [3]))])).toEqual(["0", "?", "0"]);
});

test("conversions between integers", () => {
  const narrow = b.emit(cast, { input: vector([N, 3]) }, { to: "i32" });
  expect(narrow.contents?.map((d) => dimText(d as Dim))).toEqual(["N", "3"]);
  expect(contentsOf(cast, [narrow], { to: "f32" })).toBeUndefined();
  expect(contentsOf(cast, [vector([2 ** 32 + 1])], { to: "i32" })).toBeUndefined();
});

test("ranges", () => {
  const value = b.emit(range, { start: scalar(0), limit: scalar(N), delta: scalar(1) });
  expect(value.type).toEqual(tensorType("i64", [N]));
  expect(contentsOf(range, [scalar(N), scalar(add_(N, 4)), scalar(2)])).toEqual(["N", "N + 2"]);
});
