/** Einstein sums: what they decompose to, that it is the same, and which equations are refused. */
import { describe, expect, test } from "vitest";
import { Builder, Names } from "../ir/builder.ts";
import { type Dim, evaluateDim, symbol } from "../ir/dim.ts";
import { interpret } from "../ir/interpret.ts";
import { isTensor, numbers, sizeOf, type Tensor, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { einsum } from "./einsum.ts";

const [n, k] = [symbol("N"), symbol("K")];
const sizes = new Map([
  ["N", 3],
  ["K", 4],
]);

/** Equation, extents of the operands, and the operations that it becomes (shape vectors left out). */
const cases: readonly (readonly [string, readonly (readonly Dim[])[], string])[] = [
  [
    "bij,bjk->bik",
    [
      [n, 2, k],
      [n, k, 5],
    ],
    "matmul",
  ],
  [
    "bhwc,hkc->bhwk",
    [
      [2, n, 3, k],
      [n, 5, k],
    ],
    "transpose reshape transpose matmul reshape transpose",
  ],
  [
    "bqhd,bkhd->bhqk",
    [
      [n, 2, 3, 4],
      [n, 5, 3, 4],
    ],
    "transpose transpose matmul",
  ],
  [
    "ij,jk,kl->il",
    [
      [2, 3],
      [3, n],
      [n, 2],
    ],
    "matmul matmul",
  ],
  [
    "ij, jk",
    [
      [2, 3],
      [3, 2],
    ],
    "matmul",
  ],
  [
    "ijk,jl->il",
    [
      [2, 3, 4],
      [3, 5],
    ],
    "sum_of_products matmul",
  ],
  [
    "bi,bi->b",
    [
      [n, 5],
      [n, 5],
    ],
    "reshape reshape matmul reshape",
  ],
  ["ijk->kij", [[2, n, k]], "transpose"],
  ["ij->ij", [[2, n]], ""],
  ["ii->i", [[n, n]], "sum_of_products"],
  ["ii", [[3, 3]], "sum_of_products"],
  ["i,j->ij", [[n], [k]], "sum_of_products"],
  [
    "...ij,...jk",
    [
      [2, 1, 2, 3],
      [1, 4, 3, 2],
    ],
    "sum_of_products",
  ],
  [
    "b...,b...->...",
    [
      [2, n, k],
      [2, n, k],
    ],
    "transpose reshape transpose reshape matmul reshape",
  ],
  ["A,a", [[2], [3]], "sum_of_products"],
];

const waves = (shape: readonly number[], seed: number): Tensor =>
  tensor(
    "f64",
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin((i + 1) * (seed + 1))),
  );

describe("decompositions", () => {
  for (const [equation, shapes, expected] of cases)
    test(equation, () => {
      const [whole, parts] = [new Builder(new Names()), new Builder(new Names())];
      const operands = shapes.map((shape, i) => whole.value(`x${i}`, tensorType("f64", shape)));
      const result = whole.emit(einsum, { inputs: operands }, { equation });
      const [other] = einsum.decompose?.({ inputs: operands }, { equation }, parts, [result], []) ?? [];
      expect(
        parts.ops
          .map((op) => op.def.name)
          .filter((name) => name !== "dims")
          .join(" "),
      ).toBe(expected);
      const args = shapes.map((shape, i) =>
        waves(
          shape.map((d) => evaluateDim(d, sizes) as number),
          i,
        ),
      );
      const run = (ops: Builder["ops"], output: typeof result | undefined): Tensor => {
        const [y] = interpret({ name: "f", inputs: operands, ops, outputs: output ? [output] : [] }, args, sizes);
        if (!isTensor(y)) throw new TypeError("no tensor");
        return y;
      };
      const [a, c] = [run(whole.ops, result), run(parts.ops, other)];
      expect(c.shape).toEqual(a.shape);
      numbers(c).forEach((v, i) => {
        expect(v).toBeCloseTo(numbers(a)[i] as number, 12);
      });
    });
});

describe("refusals", () => {
  for (const [equation, shapes] of [
    ["ij->ji->ij", [[2, 3]]],
    ["i1->i", [[2, 3]]],
    ["ijk->i", [[2, 3]]],
    ["ij,jk->ik", [[2, 3]]],
    ["ij->ik", [[2, 3]]],
    ["ij->ii", [[2, 3]]],
    [
      "ij,jk->ik",
      [
        [2, 3],
        [4, 2],
      ],
    ],
    ["......->", [[2, 3]]],
  ] as const)
    test(`${equation} of ${shapes.map((s) => `[${s.join(", ")}]`).join(", ")}`, () => {
      const b = new Builder(new Names());
      const inputs = shapes.map((shape, i) => b.value(`x${i}`, tensorType("f32", shape)));
      expect(() => b.emit(einsum, { inputs }, { equation })).toThrow(/E020[12]/);
    });
});
