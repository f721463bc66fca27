/**
 * `y[…, i, j] = Σₖ a[…, i, k]·b[…, k, j]`; axes before the last two broadcast. A vector on the left is a row, one on the
 * right a column, and the axis that this adds is dropped from the result. A sum of no terms is 0.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MatMul.html and numpy.matmul
 */
import type { Dim } from "../ir/dim.ts";
import { mul, product } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { dims, type Lowering, read, scratch, write } from "../ir/plan.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { broadcastShape, broadcastStrides, eachIndex } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { type Sums, sumsOf } from "./ring.ts";
import { agree, broadcastShapes, dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";
import { wideOf } from "./wide.ts";

const dtypes: readonly DType[] = ["f16", "f32", "f64", "bf16", "u32", "u64", "i32", "i64"];

export const matmul = defineOp({
  name: "matmul",
  summary: "Products of matrices, batched.",
  onnx: { type: "MatMul", since: [1, 9, 13] },
  inputs: { a: "required", b: "required" },
  outputs: { y: "required" },
  attrs: {},
  error: "≤ K·ε·Σ|a·b|, ε of f32 (f64 for f64); integers are exact modulo 2ⁿ",

  infer({ a, b }, _, ctx) {
    const dtype = dtypeIn(a, dtypes, "a", ctx);
    sameDType([a, b], ctx);
    return [tensorType(dtype, productShape(shapeIn(a, "a", ctx), shapeIn(b, "b", ctx), ctx))];
  },

  evaluate({ a, b }) {
    return [multiply(a, b)];
  },

  lower({ a, b }, _, l) {
    const y = l.output(0);
    expectDepth(l, a, b);
    const columns = rightShape(shapeOf(b)).at(-1) as Dim;
    l.call("ops::matmul", [
      read(a),
      dims(leftShape(shapeOf(a))),
      read(b),
      dims(rightShape(shapeOf(b))),
      scratch(wideOf(tensorOf(y).dtype), columns),
      write(y),
      dims(matrixShape(a, b, shapeOf(y))),
    ]);
  },

  macs: ({ a }, _, [y]) => mul(product(shapeOf(y as Value)), shapeOf(a).at(-1) as Dim),
});

/** A vector on the left as a row. */
export const leftShape = <D>(shape: readonly D[]): readonly (D | 1)[] => (shape.length === 1 ? [1, ...shape] : shape);
/** A vector on the right as a column. */
export const rightShape = <D>(shape: readonly D[]): readonly (D | 1)[] => (shape.length === 1 ? [...shape, 1] : shape);

/** A check of the run that a row of `a` is as long as a column of `b`, where that is not known. */
export const expectDepth = (l: Lowering, a: Value, b: Value): void => expectDepthOf(l, shapeOf(a), shapeOf(b));

export function expectDepthOf(l: Lowering, a: readonly Dim[], b: readonly Dim[]): void {
  expectExtents(l, [rightShape(b).at(-2) as Dim], [leftShape(a).at(-1) as Dim]);
}

/** The product's extents with the axes that vectors lack. */
export function matrixShape(a: Value, b: Value, y: readonly Dim[]): readonly Dim[] {
  const [rowless, columnless] = [shapeOf(a).length === 1, shapeOf(b).length === 1];
  const batch = y.slice(0, y.length - (rowless ? 0 : 1) - (columnless ? 0 : 1));
  const rest = y.slice(batch.length);
  return [...batch, ...(rowless ? [1] : []), ...rest, ...(columnless ? [1] : [])];
}

/** Extents of a product. Errors where vectors or matrices do not fit. */
export function productShape(a: readonly Dim[], b: readonly Dim[], ctx: Pick<InferContext, "fail">): Dim[] {
  if (a.length === 0 || b.length === 0)
    ctx.fail("E0201", { what: "rank of an operand", expected: "1 or more", found: 0 });
  const [left, right] = [leftShape(a), rightShape(b)];
  agree(left.at(-1) as Dim, right.at(-2) as Dim, "rows of b", ctx);
  const batch = broadcastShapes([left.slice(0, -2), right.slice(0, -2)], ctx) as readonly Dim[];
  return [...batch, ...(a.length > 1 ? [left.at(-2) as Dim] : []), ...(b.length > 1 ? [right.at(-1) as Dim] : [])];
}

/** The product by definition; `dtype` is that of the result where it is not the operands'. */
export function multiply(a: Tensor, b: Tensor, dtype?: DType): Tensor {
  const [left, right] = [leftShape(a.shape), rightShape(b.shape)];
  const batch = broadcastShape(left.slice(0, -2), right.slice(0, -2));
  const [rows, depth, columns] = [left.at(-2) as number, left.at(-1) as number, right.at(-1) as number];
  if (right.at(-2) !== depth) throw new RangeError(`b has ${right.at(-2)} rows, a has ${depth} columns`);
  const strides = [batchStrides(left, batch), batchStrides(right, batch)];
  const sums: Sums = (ring, operand, put) => {
    const [p, q] = [operand(0), operand(1)];
    eachIndex(batch, strides, (n, at) => {
      const [fromA, fromB] = at as readonly [number, number];
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++) {
          let sum = ring.zero;
          for (let k = 0; k < depth; k++) {
            const left = p[fromA + i * depth + k] as typeof sum;
            sum = ring.add(sum, ring.mul(left, q[fromB + k * columns + j] as typeof sum));
          }
          put((n * rows + i) * columns + j, sum);
        }
    });
  };
  const shape = [...batch, ...(a.shape.length > 1 ? [rows] : []), ...(b.shape.length > 1 ? [columns] : [])];
  return sumsOf([a, b], shape, sums, dtype);
}

/** Offsets of the matrices of an operand over the batch. */
function batchStrides(shape: readonly number[], batch: readonly number[]): number[] {
  const matrix = sizeOf(shape.slice(-2));
  return broadcastStrides(shape.slice(0, -2), batch).map((s) => s * matrix);
}
