/**
 * Decision trees as before version 5 of TreeEnsemble: weights of leaves go to targets and are summed, averaged, or the least
 * or greatest taken; base values are added after that.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html
 */
import { attr, optional } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, read, scratch, struct, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { featureTypes } from "./feature_rows.ts";
import { aggregateRow, aggregates, type Forest, forestArg } from "./forest.ts";
import { baseArg, checkBase, type LegacyNodes, legacyForest, legacyNodes, refuseForest } from "./forest_attrs.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { postTransforms, transformArg, transformed } from "./scores.ts";
import { ranked, tensorIn } from "./shape_rules.ts";

interface Attrs extends LegacyNodes {
  readonly n_targets: number | undefined;
  readonly target_ids: Literal | undefined;
  readonly target_nodeids: Literal | undefined;
  readonly target_treeids: Literal | undefined;
  readonly target_weights: Literal | undefined;
  readonly target_weights_as_tensor: Literal | undefined;
}

const targetsOf = (attrs: Attrs): number => attrs.n_targets ?? 1;

function forestOf(attrs: Attrs): Forest {
  const { target_treeids: treeids, target_nodeids: nodeids, target_ids: ids } = attrs;
  const weights = attrs.target_weights_as_tensor ?? attrs.target_weights;
  return legacyForest(attrs, { treeids, nodeids, ids, weights, prefix: "target" }, targetsOf(attrs));
}

export const treeEnsembleRegressor = defineOp({
  name: "tree_ensemble_regressor",
  summary: "Regression by decision trees.",
  onnx: { type: "TreeEnsembleRegressor", domain: "ai.onnx.ml", since: [1, 3, 5] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    ...legacyNodes,
    aggregate_function: attr.oneOf(aggregates, "SUM"),
    n_targets: attr.int(optional),
    post_transform: attr.oneOf(postTransforms, "NONE"),
    target_ids: listAttr("ints"),
    target_nodeids: listAttr("ints"),
    target_treeids: listAttr("ints"),
    target_weights: listAttr("floats"),
    target_weights_as_tensor: attr.tensor(optional),
  },
  error: "sums in f64, rounded once",

  infer({ x }, attrs, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (!featureTypes.includes(dtype))
      ctx.fail("E0203", { what: "X", found: dtype, expected: featureTypes.join(", ") });
    const [rows] = ranked(x, 2, "X", ctx) as [Dim];
    refuseForest(() => forestOf(attrs), ctx);
    checkBase(attrs, targetsOf(attrs), ctx);
    return [tensorType("f32", [rows, targetsOf(attrs)])];
  },

  evaluate({ x }, attrs) {
    const [rows, features] = x.shape as [number, number];
    const [values, base] = [numbers(x), numbersOf(attrs.base_values_as_tensor ?? attrs.base_values)];
    const result: number[] = [];
    for (let i = 0; i < rows; i++) {
      const row = values.slice(i * features, (i + 1) * features);
      const sums = aggregateRow(forestOf(attrs), attrs.aggregate_function, targetsOf(attrs), row);
      result.push(
        ...transformed(
          attrs.post_transform,
          sums.map((s, t) => s + (base[t] ?? 0)),
        ),
      );
    }
    return [rounded("f32", [rows, targetsOf(attrs)], result)];
  },

  lower({ x }, attrs, l) {
    const forest = forestOf(attrs);
    const name = attrs.aggregate_function;
    const aggregate = struct(`ops::Aggregate::${name[0]}${name.slice(1).toLowerCase()}`);
    const args = [forestArg(forest), aggregate, baseArg(attrs, forest), transformArg(attrs.post_transform), read(x)];
    const features = dim(shapeOf(x)[1] as Dim);
    l.call("ops::tree_ensemble", [...args, features, write(l.output(0)), scratch("f64", targetsOf(attrs))], {
      fallible: true,
    });
  },
});
