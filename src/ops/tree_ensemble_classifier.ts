/**
 * Classification by decision trees: leaves vote for classes; the label is that of the class with the highest sum of votes and
 * base value, the first of equal ones.
 *
 * Where there are two classes and all votes are for one, that one wins above ½ if no vote is negative, else above 0. If it is
 * the first, its sum `s` is taken for the second class, as exporters mean it: scores are `1 − s, s` (votes not negative, or
 * PROBIT) or `−s, s` before they are transformed. Base values beyond that are those of the classes.
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html, where it is silent ONNX Runtime.
 */
import { attr, optional } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dim, option, read, reference, scratch, struct, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { type ClassLabels, classLabelsArg, classLabelsOf, labelled } from "./class_labels.ts";
import { featureTypes } from "./feature_rows.ts";
import { aggregateRow, type Forest, forestArg } from "./forest.ts";
import { baseArg, checkBase, type LegacyNodes, legacyForest, legacyNodes, refuseForest } from "./forest_attrs.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { argmax, type PostTransform, postTransforms, transformArg, transformed } from "./scores.ts";
import { ranked, tensorIn } from "./shape_rules.ts";

interface Attrs extends LegacyNodes {
  readonly class_ids: Literal | undefined;
  readonly class_nodeids: Literal | undefined;
  readonly class_treeids: Literal | undefined;
  readonly class_weights: Literal | undefined;
  readonly class_weights_as_tensor: Literal | undefined;
  readonly classlabels_int64s: Literal | undefined;
  readonly classlabels_strings: Literal | undefined;
  readonly post_transform: PostTransform;
}

const labelsOf = (attrs: Attrs): ClassLabels => classLabelsOf(attrs.classlabels_int64s, attrs.classlabels_strings);

function forestOf(attrs: Attrs): Forest {
  const { class_treeids: treeids, class_nodeids: nodeids, class_ids: ids } = attrs;
  const weights = attrs.class_weights_as_tensor ?? attrs.class_weights;
  return legacyForest(attrs, { treeids, nodeids, ids, weights, prefix: "class" }, labelsOf(attrs).values.length);
}

/** The one of two classes that all votes are for, and whether no vote is negative. */
function votingOf(attrs: Attrs, forest: Forest): { only: number | undefined; positive: boolean } {
  const voted = new Set(numbersOf(attrs.class_ids));
  const [only] = voted;
  return {
    only: labelsOf(attrs).values.length === 2 && voted.size === 1 ? only : undefined,
    positive: forest.weights.every((w) => w >= 0),
  };
}

export const treeEnsembleClassifier = defineOp({
  name: "tree_ensemble_classifier",
  summary: "Classification by decision trees.",
  onnx: { type: "TreeEnsembleClassifier", domain: "ai.onnx.ml", since: [1, 3, 5] },
  inputs: { x: "required" },
  outputs: { y: "required", z: "required" },
  attrs: {
    ...legacyNodes,
    class_ids: listAttr("ints"),
    class_nodeids: listAttr("ints"),
    class_treeids: listAttr("ints"),
    class_weights: listAttr("floats"),
    class_weights_as_tensor: attr.tensor(optional),
    classlabels_int64s: listAttr("ints"),
    classlabels_strings: listAttr("strings"),
    post_transform: attr.oneOf(postTransforms, "NONE"),
  },
  error: "sums in f64, rounded once",

  infer({ x }, attrs, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (!featureTypes.includes(dtype))
      ctx.fail("E0203", { what: "X", found: dtype, expected: featureTypes.join(", ") });
    const [rows] = ranked(x, 2, "X", ctx) as [Dim];
    const labels = labelsOf(attrs);
    if (labels.values.length < 2)
      ctx.fail("E0202", { name: "classlabels_*", value: `${labels.values.length} labels`, expected: "two or more" });
    refuseForest(() => forestOf(attrs), ctx);
    checkBase(attrs, labels.values.length, ctx);
    return [tensorType(labels.dtype, [rows]), tensorType("f32", [rows, labels.values.length])];
  },

  evaluate({ x }, attrs) {
    const [forest, labels] = [forestOf(attrs), labelsOf(attrs)];
    const { only, positive } = votingOf(attrs, forest);
    const [rows, features] = x.shape as [number, number];
    const [values, base] = [numbers(x), numbersOf(attrs.base_values_as_tensor ?? attrs.base_values)];
    const classes: number[] = [];
    const result: number[] = [];
    for (let i = 0; i < rows; i++) {
      const row = values.slice(i * features, (i + 1) * features);
      const sums = aggregateRow(forest, "SUM", labels.values.length, row).map((s, c) => s + (base[c] ?? 0));
      classes.push(only === undefined ? argmax(sums) : (sums[only] as number) > (positive ? 0.5 : 0) ? 1 : 0);
      const vote = sums[0] as number;
      const isShare = attrs.post_transform === "PROBIT" || (attrs.post_transform === "NONE" && positive);
      result.push(...transformed(attrs.post_transform, only === 0 ? [isShare ? 1 - vote : -vote, vote] : sums));
    }
    return [labelled(labels, classes), rounded("f32", [rows, labels.values.length], result)];
  },

  lower({ x }, attrs, l) {
    const [forest, labels] = [forestOf(attrs), labelsOf(attrs)];
    const { only, positive } = votingOf(attrs, forest);
    const [rows, features] = shapeOf(x) as [Dim, Dim];
    const voting = struct("ops::Voting", [
      ["base", baseArg(attrs, forest)],
      ["only", option(only === undefined ? undefined : dim(only))],
      ["positive", bool(positive)],
      ["transform", transformArg(attrs.post_transform)],
    ]);
    const [y, z] = l.outputs;
    const chosen = y ?? l.temporary(labels.dtype, [rows]);
    const args = [forestArg(forest), reference(voting), classLabelsArg(labels), read(x), dim(features), write(chosen)];
    l.call("ops::tree_classifier", [...args, option(z && write(z)), scratch("f64", labels.values.length)], {
      fallible: true,
    });
  },
});
