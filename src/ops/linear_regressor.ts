/**
 * `Y = post_transform(X·coefficientsᵀ + intercepts)`, coefficients of a target one after the other.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_LinearRegressor.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, read, reference, scratch, struct, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { coefficients as coefficientTable, featureRows, rowsOf, wantFeatures } from "./feature_rows.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { postTransforms, transformArg, transformed } from "./scores.ts";

export const linearRegressor = defineOp({
  name: "linear_regressor",
  summary: "Linear regression of rows of features.",
  onnx: { type: "LinearRegressor", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    coefficients: listAttr("floats"),
    intercepts: listAttr("floats"),
    post_transform: attr.oneOf(postTransforms, "NONE"),
    targets: attr.int(1),
  },
  error: "computed in f64, rounded once",

  infer({ x }, { coefficients, intercepts, targets }, ctx) {
    const { rows, features } = featureRows(x, ctx);
    const count = coefficients?.shape[0] ?? 0;
    if (targets < 1 || count % targets !== 0)
      ctx.fail("E0202", {
        name: "coefficients",
        value: `${count} numbers`,
        expected: `as many for each of ${targets} targets`,
      });
    if (intercepts && intercepts.shape[0] !== targets)
      ctx.fail("E0202", { name: "intercepts", value: `${intercepts.shape[0]} numbers`, expected: targets });
    wantFeatures(features, count / targets, ctx);
    return [tensorType("f32", [rows, targets])];
  },

  evaluate({ x }, { coefficients, intercepts, targets, post_transform }) {
    const [w, b] = [numbersOf(coefficients), numbersOf(intercepts)];
    const rows = rowsOf(x);
    const y = rows.flatMap((row) => transformed(post_transform, linearScores(w, b, targets, row)));
    return [rounded("f32", [rows.length, targets], y)];
  },

  lower({ x }, { coefficients, intercepts, targets, post_transform }, l) {
    const model = struct("ops::LinearModel", [
      ["coefficients", coefficientTable("coefficients", coefficients)],
      ["intercepts", coefficientTable("intercepts", intercepts)],
      ["transform", transformArg(post_transform)],
    ]);
    const features = dim(shapeOf(x).at(-1) as Dim);
    l.call("ops::linear_regressor", [reference(model), read(x), features, write(l.output(0)), scratch("f64", targets)]);
  },
});

/** `w·x + b` for each target. */
export const linearScores = (
  w: readonly number[],
  b: readonly number[],
  targets: number,
  row: readonly number[],
): number[] =>
  Array.from({ length: targets }, (_, t) =>
    row.reduce((sum, x, i) => sum + x * (w[t * row.length + i] as number), b[t] ?? 0),
  );
