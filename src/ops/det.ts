/**
 * Determinants of square matrices, which are the last two axes; that of no rows is 1.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Det.html
 */
import { type Dim, mul } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, read, scratch, write } from "../ir/plan.ts";
import { allocate, type NumberArray, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { agree, dtypeIn, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

export const det = defineOp({
  name: "det",
  summary: "Determinants.",
  onnx: { type: "Det", since: [11, 22] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {},
  error: "elimination with pivots in double precision, rounded once",

  infer({ x }, _, ctx) {
    const extents = shapeIn(x, "x", ctx);
    if (extents.length < 2) ctx.fail("E0201", { what: "rank of x", expected: "2 or more", found: extents.length });
    agree(extents.at(-2) as Dim, extents.at(-1) as Dim, "columns of x", ctx);
    return [tensorType(dtypeIn(x, floatTypes, "x", ctx), extents.slice(0, -2))];
  },

  evaluate({ x }) {
    const size = x.shape.at(-1) as number;
    const shape = x.shape.slice(0, -2);
    const data = allocate(x.dtype, sizeOf(shape)) as NumberArray;
    for (let n = 0; n < data.length; n++) {
      const rows = Array.from({ length: size }, (_, i) =>
        Array.from({ length: size }, (_, j) => x.data[(n * size + i) * size + j] as number),
      );
      data[n] = toElement(x.dtype, determinant(rows));
    }
    return [{ dtype: x.dtype, shape, data }];
  },

  lower({ x }, _, l) {
    const [rows, columns] = shapeOf(x).slice(-2) as [Dim, Dim];
    expectExtents(l, [columns], [rows]);
    l.call("ops::determinant", [read(x), dim(columns), scratch("f64", mul(columns, columns)), write(l.output(0))]);
  },
});

/** By elimination, the greatest element of each column first. Changes its argument. */
function determinant(rows: number[][]): number {
  let result = 1;
  for (let c = 0; c < rows.length; c++) {
    let pivot = c;
    for (let r = c; r < rows.length; r++)
      if (Math.abs(rows[r]?.[c] as number) > Math.abs(rows[pivot]?.[c] as number)) pivot = r;
    const [top, other] = [rows[pivot] as number[], rows[c] as number[]];
    if (pivot !== c) {
      rows[pivot] = other;
      rows[c] = top;
      result = -result;
    }
    const diagonal = top[c] as number;
    result *= diagonal;
    if (diagonal === 0) return result;
    for (const row of rows.slice(c + 1)) {
      const factor = (row[c] as number) / diagonal;
      for (let k = c; k < row.length; k++) row[k] = (row[k] as number) - factor * (top[k] as number);
    }
  }
  return result;
}
