/**
 * `Y = post_transform(Σᵢ coefficientᵢ·kernel(x, vectorᵢ) + rho)`; of a machine of one class only the side, 1 or −1. Without
 * support vectors the coefficients are those of the features.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_SVMRegressor.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { literalOf } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dim, read, reference, write } from "../ir/plan.ts";
import { tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { featureRows, rowsOf, wantFeatures } from "./feature_rows.ts";
import { numbersOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { transformed } from "./scores.ts";
import { kernelOf, type SvmAttrs, svmArg, svmAttrs } from "./svm.ts";

/** A linear model is a machine of one vector: its coefficients. */
const machineOf = (attrs: SvmAttrs & { n_supports: number }): SvmAttrs =>
  attrs.n_supports > 0
    ? attrs
    : {
        ...attrs,
        kernel_type: "LINEAR",
        support_vectors: attrs.coefficients,
        coefficients: literalOf(tensor("f32", [1], [1])),
      };

export const svmRegressor = defineOp({
  name: "svm_regressor",
  summary: "Regression by a support vector machine, or the side of one class.",
  onnx: { type: "SVMRegressor", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { ...svmAttrs, n_supports: attr.int(0), one_class: attr.int(0) },
  error: "computed in f64, rounded once",

  infer({ x }, attrs, ctx) {
    const { rows, features } = featureRows(x, ctx);
    const machine = machineOf(attrs);
    const [vectors, weights] = [machine.support_vectors?.shape[0] ?? 0, machine.coefficients?.shape[0] ?? 0];
    const count = Math.max(1, attrs.n_supports);
    if (weights !== count)
      ctx.fail("E0202", {
        name: "coefficients",
        value: `${weights} numbers`,
        expected: `${count}, one for each vector`,
      });
    if (vectors % count !== 0)
      ctx.fail("E0202", { name: "support_vectors", value: `${vectors} numbers`, expected: `a multiple of ${count}` });
    if ((attrs.rho?.shape[0] ?? 0) < 1) ctx.fail("E0202", { name: "rho", value: "nothing", expected: "a number" });
    wantFeatures(features, vectors / count, ctx);
    return [tensorType("f32", [rows, 1])];
  },

  evaluate({ x }, attrs) {
    const machine = machineOf(attrs);
    const kernel = kernelOf(machine);
    const [vectors, weights, [rho = 0]] = [
      numbersOf(machine.support_vectors),
      numbersOf(machine.coefficients),
      numbersOf(attrs.rho),
    ];
    const rows = rowsOf(x);
    const y = rows.map((row) => {
      const sum = weights.reduce(
        (s, w, i) => s + w * kernel(row, vectors.slice(i * row.length, (i + 1) * row.length)),
        rho,
      );
      return attrs.one_class ? (sum > 0 ? 1 : -1) : (transformed(attrs.post_transform, [sum])[0] as number);
    });
    return [rounded("f32", [rows.length, 1], y)];
  },

  lower({ x }, attrs, l) {
    const features = dim(shapeOf(x).at(-1) as Dim);
    const machine = reference(svmArg(machineOf(attrs)));
    l.call("ops::svm_regressor", [machine, bool(attrs.one_class !== 0), read(x), features, write(l.output(0))]);
  },
});
