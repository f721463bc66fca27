/**
 * `y[…, i, j] = Σₖ (a[…, i, k] − a_zero)·(b[…, k, j] − b_zero)` for 8-bit integers, in 32 bits. A zero point is one number,
 * one per row of a (`[M]` or `[…, M, 1]`), or one per column of b (`[N]` or `[…, 1, N]`).
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MatMulInteger.html
 */
import { type Dim, mul, product } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { type Arg, dims, type Lowering, read, readOption, write } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { expectDepth, leftShape, matrixShape, multiply, productShape, rightShape } from "./matmul.ts";
import { mapNumbers } from "./numeric.ts";
import { agree, dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";

const dtypes: readonly DType[] = ["i8", "u8"];

export const matmulInteger = defineOp({
  name: "matmul_integer",
  summary: "Products of matrices of 8-bit integers with zero points, in 32 bits.",
  onnx: { type: "MatMulInteger", since: [10] },
  inputs: { a: "required", b: "required", a_zero_point: "optional", b_zero_point: "optional" },
  outputs: { y: "required" },
  attrs: {},
  error: "exact modulo 2³²",

  infer({ a, b, a_zero_point, b_zero_point }, _, ctx) {
    dtypeIn(a, dtypes, "a", ctx);
    dtypeIn(b, dtypes, "b", ctx);
    checkParameter(a, a_zero_point, "row", "a_zero_point", ctx);
    checkParameter(b, b_zero_point, "column", "b_zero_point", ctx);
    if (a_zero_point) sameDType([a, a_zero_point], ctx);
    if (b_zero_point) sameDType([b, b_zero_point], ctx);
    return [tensorType("i32", productShape(shapeIn(a, "a", ctx), shapeIn(b, "b", ctx), ctx))];
  },

  evaluate({ a, b, a_zero_point, b_zero_point }) {
    return [multiply(shifted(a, a_zero_point, "row"), shifted(b, b_zero_point, "column"))];
  },

  lower({ a, b, a_zero_point, b_zero_point }, _, l) {
    multiplyQuantized(l, { a, b, aZero: a_zero_point, bZero: b_zero_point }, l.output(0));
  },

  macs: ({ a }, _, [y]) => mul(product(shapeOf(y as Value)), shapeOf(a).at(-1) as Dim),
});

/** Which axis of a matrix a scale or zero point runs along. */
export type Along = "row" | "column";

/** The extents of a scale or zero point so that it broadcasts to its matrices. */
export const parameterShape = <D>(shape: readonly D[], along: Along): readonly (D | 1)[] =>
  shape.length === 1 && along === "row" ? [...shape, 1] : shape;

/** A scale or zero point must be one number or one per row or column. */
export function checkParameter(
  matrix: Value,
  parameter: Value | undefined,
  along: Along,
  what: string,
  ctx: Pick<InferContext, "fail">,
): void {
  if (!parameter) return;
  const of = (along === "row" ? leftShape : rightShape)(shapeIn(matrix, "a matrix", ctx));
  const shape = parameterShape(shapeIn(parameter, what, ctx), along);
  if (shape.length > of.length)
    ctx.fail("E0201", { what: `rank of ${what}`, expected: `at most ${of.length}`, found: shape.length });
  shape.forEach((d, i) => {
    const extent = of[of.length - shape.length + i];
    if (d === 1 || extent === undefined) return;
    const summed = i === shape.length - (along === "row" ? 1 : 2);
    agree(summed ? 1 : extent, d, `axis ${i} of ${what}`, ctx);
  });
}

/** `x − zero` as `dtype`. */
export function shifted(x: Tensor, zero: Tensor | undefined, along: Along, dtype: DType = "i32"): Tensor {
  if (!zero) return mapNumbers(dtype, [x], (v) => v);
  const difference = mapNumbers(dtype, [x, { ...zero, shape: parameterShape(zero.shape, along) }], (v, z) => v - z);
  // A vector that met a zero point of rank 2 is a vector still.
  return { ...difference, shape: x.shape };
}

export interface QuantizedOperands {
  readonly a: Value;
  readonly b: Value;
  readonly aZero: Value | undefined;
  readonly bZero: Value | undefined;
}

const parameterDims = (v: Value | undefined, along: Along): Arg => dims(v ? parameterShape(shapeOf(v), along) : []);

/** The call that multiplies quantised matrices into `y`, which is i32 for integers and f32 for floats of 8 bits. */
export function multiplyQuantized(l: Lowering, { a, b, aZero, bZero }: QuantizedOperands, y: Value): void {
  expectDepth(l, a, b);
  l.call("ops::matmul_quantized", [
    read(a),
    dims(leftShape(shapeOf(a))),
    readOption(aZero),
    parameterDims(aZero, "row"),
    read(b),
    dims(rightShape(shapeOf(b))),
    readOption(bZero),
    parameterDims(bZero, "column"),
    write(y),
    dims(matrixShape(a, b, shapeOf(y))),
  ]);
}
