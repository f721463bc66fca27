/** What the operators over rows of features share: their inputs, and tables of coefficients. */
import type { Dim } from "../ir/dim.ts";
import { isStatic } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import type { Value } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import type { InferContext } from "../ir/op_def.ts";
import type { Arg } from "../ir/plan.ts";
import { numbers, type Tensor, type TensorData } from "../ir/tensor.ts";
import { dataTable } from "./data_table.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";

/** Types of features. */
export const featureTypes: readonly DType[] = ["f32", "f64", "i32", "i64"];

/** Rows and features of an input `[rows, features]`; a vector is one row. */
export function featureRows(x: Value, ctx: InferContext): { rows: Dim; features: Dim } {
  const { dtype } = tensorIn(x, "X", ctx);
  if (!featureTypes.includes(dtype)) ctx.fail("E0203", { what: "X", found: dtype, expected: featureTypes.join(", ") });
  const shape = shapeIn(x, "X", ctx);
  if (shape.length !== 1 && shape.length !== 2)
    ctx.fail("E0201", { what: "rank of X", expected: "1 or 2", found: shape.length });
  return { rows: shape.length === 2 ? (shape[0] as Dim) : 1, features: shape.at(-1) as Dim };
}

/** The features must be so many: coefficients are given for them. */
export function wantFeatures(features: Dim, wanted: number, ctx: InferContext): void {
  if (isStatic(features) && features !== wanted)
    ctx.fail("E0201", { what: "features of X", expected: `${wanted}, as many as coefficients`, found: features });
}

/** Rows of numbers of an input `[rows, features]` or `[features]`. */
export function rowsOf(x: Tensor): number[][] {
  const width = x.shape.at(-1) as number;
  const values = numbers(x);
  const count = width === 0 ? 0 : values.length / width;
  return Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** Coefficients as a table in the weights; empty without any. */
export const coefficients = (key: string, literal: Literal | undefined): Arg =>
  dataTable(key, "f32", literal?.shape[0] ?? 0, () => literal?.load().data as TensorData);
