/**
 * `y = alpha·a′·b′ + beta·c`, where a′ and b′ are the matrices a and b or their transposes, and c broadcasts to y.
 *
 * Factors other than 1 are applied to integers in double precision and rounded to nearest.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Gemm.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, mul, product } from "../ir/dim.ts";
import { type DType, isInteger } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dim, dims, float, read, readOption, scratch, shape, struct, write } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { multiply } from "./matmul.ts";
import { broadcastStrides, eachIndex, pick } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { roundHalfEven } from "./requantize.ts";
import { type Sums, sumsOf } from "./ring.ts";
import { agree, broadcastShapes, dtypeIn, ranked, sameDType, shapeIn } from "./shape_rules.ts";
import { wideOf } from "./wide.ts";

const dtypes: readonly DType[] = ["f16", "f32", "f64", "bf16", "u32", "u64", "i32", "i64"];

export const gemm = defineOp({
  name: "gemm",
  summary: "A product of two matrices, plus a matrix.",
  onnx: {
    type: "Gemm",
    since: [1, 6, 7, 9, 11, 13],
    // Up to version 6 `broadcast` says whether c may broadcast; to the trailing axes, as it does now in any case.
    adapt: (node) => ({ ...node, attributes: node.attributes.filter((a) => a.name !== "broadcast") }),
  },
  inputs: { a: "required", b: "required", c: "optional" },
  outputs: { y: "required" },
  attrs: { alpha: attr.float(1), beta: attr.float(1), transA: attr.bool(false), transB: attr.bool(false) },
  error: "≤ (K + 2)·ε·(|alpha|·Σ|a·b| + |beta·c|), ε of f32 (f64 for f64); integers are exact modulo 2ⁿ",

  infer({ a, b, c }, { transA, transB }, ctx) {
    const dtype = dtypeIn(a, dtypes, "a", ctx);
    sameDType([a, b, c], ctx);
    const [rows, depth] = ordered(ranked(a, 2, "a", ctx), transA);
    const [otherDepth, columns] = ordered(ranked(b, 2, "b", ctx), transB);
    agree(depth, otherDepth, "rows of b", ctx);
    if (c) {
      const from = shapeIn(c, "c", ctx);
      const common = broadcastShapes([[rows, columns], from], ctx) as readonly Dim[];
      if (common.length > 2) ctx.fail("E0201", { what: "rank of c", expected: "at most 2", found: from.length });
      agree(rows, common[0] as Dim, "rows of c", ctx);
      agree(columns, common[1] as Dim, "columns of c", ctx);
    }
    return [tensorType(dtype, [rows, columns])];
  },

  evaluate({ a, b, c }, { alpha, beta, transA, transB }) {
    // Unrounded for floats; integers are exact in their own type.
    const unrounded = a.dtype === "f32" || a.dtype === "f16" || a.dtype === "bf16" ? "f64" : a.dtype;
    const product = multiply(transA ? transposed(a) : a, transB ? transposed(b) : b, unrounded);
    return [combined(product, alpha, c, beta, a.dtype)];
  },

  lower({ a, b, c }, { alpha, beta, transA, transB }, l) {
    const y = l.output(0);
    const [, depth] = ordered(shapeOf(a), transA);
    expectExtents(l, [ordered(shapeOf(b), transB)[0]], [depth]);
    l.call("ops::gemm", [
      read(a),
      read(b),
      dim(depth),
      readOption(c),
      c ? shape(c) : dims([]),
      struct("ops::Gemm", [
        ["trans_a", bool(transA)],
        ["trans_b", bool(transB)],
        ["alpha", float(alpha, "f64")],
        ["beta", float(beta, "f64")],
      ]),
      scratch(wideOf(tensorOf(y).dtype), shapeOf(y)[1] as Dim),
      write(y),
      shape(y),
    ]);
  },

  macs: ({ a }, { transA }, [y]) => mul(product(shapeOf(y as Value)), ordered(shapeOf(a) as [Dim, Dim], transA)[1]),
});

const ordered = (shape: readonly Dim[], swap: boolean): [Dim, Dim] => {
  const [p, q] = shape as [Dim, Dim];
  return swap ? [q, p] : [p, q];
};

function transposed(t: Tensor): Tensor {
  const [rows, columns] = t.shape as readonly [number, number];
  return pick(t, [columns, rows], (i) => (i % rows) * columns + Math.floor(i / rows));
}

/** `alpha·product + beta·c`, rounded to `dtype`. */
function combined(product: Tensor, alpha: number, c: Tensor | undefined, beta: number, dtype: DType): Tensor {
  const at = c ? broadcastStrides(c.shape, product.shape) : [0, 0];
  const sums: Sums = (ring, operand, put) => {
    const [p, addend] = [operand(0), c ? operand(1) : []];
    const scaled = (x: typeof ring.zero, factor: number): typeof ring.zero => {
      if (factor === 1) return x;
      const value = Number(x) * factor;
      if (typeof x === "bigint") return BigInt(roundHalfEven(value)) as typeof x;
      return (isInteger(dtype) ? roundHalfEven(value) : value) as typeof x;
    };
    eachIndex(product.shape, [at], (i, [j]) => {
      const term = scaled(p[i] as typeof ring.zero, alpha);
      put(i, c ? ring.add(term, scaled(addend[j as number] as typeof ring.zero, beta)) : term);
    });
  };
  return sumsOf(c ? [product, c] : [product], product.shape, sums, dtype);
}
