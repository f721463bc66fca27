/**
 * Decision trees: each row falls through every tree to a leaf, whose weight goes to a target; the weights of a target are
 * averaged, summed, or the least or greatest taken. A target without a weight is 0.
 *
 * NaN takes the false branch unless `nodes_missing_value_tracks_true`. Sets of members belong to the nodes with membership in
 * the order of the nodes. Source: https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
 */
import { attr, optional, required } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, read, rust, scratch, struct, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import {
  aggregateRow,
  aggregates,
  checkForest,
  type Forest,
  ForestError,
  forestArg,
  leafFlag,
  memberMode,
  missingFlag,
  remember,
} from "./forest.ts";
import { refuseForest } from "./forest_attrs.ts";
import { listAttr, numbersOf } from "./list_attrs.ts";
import { rounded } from "./recurrent_cell.ts";
import { postTransforms, transformArg, transformed } from "./scores.ts";
import { ranked, tensorIn } from "./shape_rules.ts";

interface Attrs {
  readonly n_targets: number;
  readonly leaf_targetids: Literal | undefined;
  readonly leaf_weights: Literal;
  readonly membership_values: Literal | undefined;
  readonly nodes_falseleafs: Literal | undefined;
  readonly nodes_falsenodeids: Literal | undefined;
  readonly nodes_featureids: Literal | undefined;
  readonly nodes_missing_value_tracks_true: Literal | undefined;
  readonly nodes_modes: Literal;
  readonly nodes_splits: Literal;
  readonly nodes_trueleafs: Literal | undefined;
  readonly nodes_truenodeids: Literal | undefined;
  readonly tree_roots: Literal | undefined;
}

export const treeEnsemble = defineOp({
  name: "tree_ensemble",
  summary: "Decision trees: weights of the leaves that rows come to.",
  onnx: { type: "TreeEnsemble", domain: "ai.onnx.ml", since: [5] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    aggregate_function: attr.int(1),
    leaf_targetids: listAttr("ints"),
    leaf_weights: attr.tensor(required),
    membership_values: attr.tensor(optional),
    n_targets: attr.int(1),
    nodes_falseleafs: listAttr("ints"),
    nodes_falsenodeids: listAttr("ints"),
    nodes_featureids: listAttr("ints"),
    nodes_hitrates: attr.tensor(optional),
    nodes_missing_value_tracks_true: listAttr("ints"),
    nodes_modes: attr.tensor(required),
    nodes_splits: attr.tensor(required),
    nodes_trueleafs: listAttr("ints"),
    nodes_truenodeids: listAttr("ints"),
    post_transform: attr.int(0),
    tree_roots: listAttr("ints"),
  },
  error: "sums in f64, rounded once",

  infer({ x }, attrs, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (!["f32", "f64", "f16"].includes(dtype))
      ctx.fail("E0203", { what: "X", found: dtype, expected: "f32, f64, f16" });
    const [rows] = ranked(x, 2, "X", ctx) as [Dim];
    for (const [name, of] of [
      ["aggregate_function", aggregates],
      ["post_transform", postTransforms],
    ] as const)
      if (of[attrs[name]] === undefined)
        ctx.fail("E0202", { name, value: attrs[name], expected: `0 to ${of.length - 1}` });
    refuseForest(() => forestOf(attrs), ctx);
    return [tensorType(dtype, [rows, attrs.n_targets])];
  },

  evaluate({ x }, attrs) {
    const forest = forestOf(attrs);
    const [rows, features] = x.shape as [number, number];
    const values = numbers(x);
    const result: number[] = [];
    for (let i = 0; i < rows; i++) {
      const row = values.slice(i * features, (i + 1) * features);
      const sums = aggregateRow(forest, aggregates[attrs.aggregate_function] ?? "SUM", attrs.n_targets, row);
      result.push(...transformed(postTransforms[attrs.post_transform] ?? "NONE", sums));
    }
    return [rounded(x.dtype, [rows, attrs.n_targets], result)];
  },

  lower({ x }, attrs, l) {
    const forest = forestOf(attrs);
    const aggregate = struct(`ops::Aggregate::${["Average", "Sum", "Min", "Max"][attrs.aggregate_function]}`);
    const base = rust("&[]");
    const args = [
      forestArg(forest),
      aggregate,
      base,
      transformArg(postTransforms[attrs.post_transform] ?? "NONE"),
      read(x),
    ];
    const features = dim(shapeOf(x)[1] as Dim);
    l.call("ops::tree_ensemble", [...args, features, write(l.output(0)), scratch("f64", attrs.n_targets)], {
      fallible: true,
    });
  },
});

const forestOf = (attrs: Attrs): Forest =>
  remember(attrs.nodes_modes, () => checkForest(build(attrs), attrs.n_targets));

function build(attrs: Attrs): Forest {
  const modes = numbersOf(attrs.nodes_modes);
  const list = (name: keyof Attrs): readonly number[] => {
    const values = numbersOf(attrs[name] as Literal | undefined);
    if (values.length !== modes.length) throw new ForestError(name, `${modes.length} entries, as many as nodes_modes`);
    return values;
  };
  const branches = (ids: readonly number[], leaves: readonly number[]): number[] =>
    ids.map((id, i) => (leaves[i] ? leafFlag + id : id));
  const missing = numbersOf(attrs.nodes_missing_value_tracks_true);
  if (modes.some((m) => m < 0 || m > memberMode)) throw new ForestError("nodes_modes", "modes from 0 to 6");
  const [weights, targets] = [numbersOf(attrs.leaf_weights), numbersOf(attrs.leaf_targetids)];
  if (weights.length !== targets.length)
    throw new ForestError("leaf_targetids", `${weights.length} entries, as many as leaf_weights`);
  const sets = setsOf(modes, numbersOf(attrs.membership_values));
  let next = 0;
  return {
    dtype: attrs.nodes_splits.dtype === "f64" ? "f64" : "f32",
    features: list("nodes_featureids"),
    modes: modes.map((mode, i) => mode + (missing[i] ? missingFlag : 0)),
    splits: list("nodes_splits").map((split, i) => (modes[i] === memberMode ? next++ : split)),
    yes: branches(list("nodes_truenodeids"), list("nodes_trueleafs")),
    no: branches(list("nodes_falsenodeids"), list("nodes_falseleafs")),
    roots: numbersOf(attrs.tree_roots),
    leafEnds: weights.map((_, i) => i + 1),
    targets,
    weights,
    ...sets,
  };
}

/** Members of sets, each ended by NaN. */
function setsOf(modes: readonly number[], values: readonly number[]): Pick<Forest, "members" | "memberEnds"> {
  const members: number[] = [];
  const memberEnds: number[] = [];
  values.forEach((v, i) => {
    if (!Number.isNaN(v)) members.push(v);
    if (Number.isNaN(v) || i === values.length - 1) memberEnds.push(members.length);
  });
  const wanted = modes.filter((m) => m === memberMode).length;
  if (memberEnds.length !== wanted)
    throw new ForestError("membership_values", `${wanted} sets, one for each node with membership`);
  return { members, memberEnds };
}
