/**
 * Classification by linear scores `X·coefficientsᵀ + intercepts`: the label is that of the class with the highest score, the
 * first of equal ones.
 *
 * Coefficients for one score and two labels: the second class wins where the score `s` is above 0; the scores are `1 − s, s`
 * (NONE, PROBIT) or `−s, s` (others) before they are transformed. `multi_class` changes nothing.
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_LinearClassifier.html, where it is silent ONNX Runtime.
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, option, read, reference, scratch, struct, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { classLabelsArg, classLabelsOf, labelled } from "./class_labels.ts";
import { coefficients as coefficientTable, featureRows, rowsOf, wantFeatures } from "./feature_rows.ts";
import { linearScores } from "./linear_regressor.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { argmax, pairScores, postTransforms, transformArg, transformed } from "./scores.ts";

export const linearClassifier = defineOp({
  name: "linear_classifier",
  summary: "Classification by linear scores.",
  onnx: { type: "LinearClassifier", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required", z: "required" },
  attrs: {
    classlabels_ints: listAttr("ints"),
    classlabels_strings: listAttr("strings"),
    coefficients: listAttr("floats"),
    intercepts: listAttr("floats"),
    multi_class: attr.int(0),
    post_transform: attr.oneOf(postTransforms, "NONE"),
  },
  error: "computed in f64, rounded once",

  infer({ x }, attrs, ctx) {
    const { rows, features } = featureRows(x, ctx);
    const labels = classLabelsOf(attrs.classlabels_ints, attrs.classlabels_strings);
    const [classes, count] = [labels.values.length, attrs.coefficients?.shape[0] ?? 0];
    if (classes < 2) ctx.fail("E0202", { name: "classlabels_*", value: `${classes} labels`, expected: "two or more" });
    // One score is enough for two classes.
    const scores =
      classes === 2 && (attrs.intercepts?.shape[0] === 1 || (isStatic(features) && count === features)) ? 1 : classes;
    if (count === 0 || count % scores !== 0)
      ctx.fail("E0202", {
        name: "coefficients",
        value: `${count} numbers`,
        expected: `as many for each of ${scores} scores`,
      });
    if (attrs.intercepts && attrs.intercepts.shape[0] !== scores)
      ctx.fail("E0202", { name: "intercepts", value: `${attrs.intercepts.shape[0]} numbers`, expected: scores });
    wantFeatures(features, count / scores, ctx);
    return [tensorType(labels.dtype, [rows]), tensorType("f32", [rows, classes])];
  },

  evaluate({ x }, attrs) {
    const labels = classLabelsOf(attrs.classlabels_ints, attrs.classlabels_strings);
    const [w, b] = [numbersOf(attrs.coefficients), numbersOf(attrs.intercepts)];
    const rows = rowsOf(x);
    const results = rows.map((row) => {
      const scores = linearScores(w, b, w.length / row.length, row);
      const [s = 0] = scores;
      return scores.length === 1
        ? { label: s > 0 ? 1 : 0, z: pairScores(attrs.post_transform, s, true) }
        : { label: argmax(scores), z: transformed(attrs.post_transform, scores) };
    });
    const z = rounded(
      "f32",
      [rows.length, labels.values.length],
      results.flatMap((r) => r.z),
    );
    return [
      labelled(
        labels,
        results.map((r) => r.label),
      ),
      z,
    ];
  },

  lower({ x }, attrs, l) {
    const labels = classLabelsOf(attrs.classlabels_ints, attrs.classlabels_strings);
    const model = struct("ops::LinearModel", [
      ["coefficients", coefficientTable("coefficients", attrs.coefficients)],
      ["intercepts", coefficientTable("intercepts", attrs.intercepts)],
      ["transform", transformArg(attrs.post_transform)],
    ]);
    const [y, z] = l.outputs;
    const rows = shapeOf(x).length === 2 ? (shapeOf(x)[0] as Dim) : 1;
    const chosen = y ?? l.temporary(labels.dtype, [rows]);
    const args = [reference(model), classLabelsArg(labels), read(x), dim(shapeOf(x).at(-1) as Dim), write(chosen)];
    l.call("ops::linear_classifier", [...args, option(z && write(z)), scratch("f64", labels.values.length)]);
  },
});
