/** Trees as the older operators give them: every node a row of `nodes_*`, leaves among them, weights by tree and node. */
import { type AttrSpec, attr, optional } from "../ir/attr.ts";
import type { Literal } from "../ir/literal.ts";
import type { InferContext } from "../ir/op_def.ts";
import { type Arg, floats } from "../ir/plan.ts";
import { checkForest, type Forest, ForestError, leafFlag, missingFlag, remember } from "./forest.ts";
import { listAttr, numbersOf, stringsOf } from "./list_attrs.ts";

export const legacyNodes = {
  base_values: listAttr("floats"),
  base_values_as_tensor: attr.tensor(optional),
  nodes_falsenodeids: listAttr("ints"),
  nodes_featureids: listAttr("ints"),
  nodes_hitrates: listAttr("floats"),
  nodes_hitrates_as_tensor: attr.tensor(optional),
  nodes_missing_value_tracks_true: listAttr("ints"),
  nodes_modes: listAttr("strings"),
  nodes_nodeids: listAttr("ints"),
  nodes_treeids: listAttr("ints"),
  nodes_truenodeids: listAttr("ints"),
  nodes_values: listAttr("floats"),
  nodes_values_as_tensor: attr.tensor(optional),
} satisfies Record<string, AttrSpec<Literal | undefined>>;

export type LegacyNodes = { readonly [N in keyof typeof legacyNodes]: Literal | undefined };

/** Weights of leaves: of the classes, or of the targets. */
export interface LegacyWeights {
  readonly treeids: Literal | undefined;
  readonly nodeids: Literal | undefined;
  readonly ids: Literal | undefined;
  readonly weights: Literal | undefined;
  /** What the attributes' names begin with. */
  readonly prefix: string;
}

const modeNames = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];

/** The trees of a classifier or regressor with `targets` classes or targets. */
export function legacyForest(nodes: LegacyNodes, weights: LegacyWeights, targets: number): Forest {
  if (!nodes.nodes_modes) throw new ForestError("nodes_modes", "modes of nodes");
  return remember(nodes.nodes_modes, () => checkForest(build(nodes, weights), targets));
}

/** An error about trees becomes one about the operator. */
export function refuseForest(make: () => Forest, ctx: Pick<InferContext, "fail">): Forest {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof ForestError)) throw error;
    return ctx.fail("E0202", { name: error.attribute, value: "as given", expected: error.message });
  }
}

function build(nodes: LegacyNodes, weights: LegacyWeights): Forest {
  const modes = stringsOf(nodes.nodes_modes);
  const splits = nodes.nodes_values_as_tensor ?? nodes.nodes_values;
  const list = (literal: Literal | undefined, name: string): readonly number[] => {
    const values = numbersOf(literal);
    if (values.length !== modes.length) throw new ForestError(name, `${modes.length} entries, as many as nodes_modes`);
    return values;
  };
  const [trees, ids] = [list(nodes.nodes_treeids, "nodes_treeids"), list(nodes.nodes_nodeids, "nodes_nodeids")];
  const places = placesOf(modes, trees, ids);
  const branch = (tree: number, id: number): number => places.get(`${tree}:${id}`) ?? -1;
  const [yes, no] = [
    list(nodes.nodes_truenodeids, "nodes_truenodeids"),
    list(nodes.nodes_falsenodeids, "nodes_falsenodeids"),
  ];
  const inner = modes.map((_, i) => i).filter((i) => modes[i] !== "LEAF");
  const missing = numbersOf(nodes.nodes_missing_value_tracks_true);
  const [features, values] = [list(nodes.nodes_featureids, "nodes_featureids"), list(splits, "nodes_values")];
  const at = <T>(all: readonly T[]): T[] => inner.map((i) => all[i] as T);
  const forest = {
    dtype: (splits?.dtype === "f64" ? "f64" : "f32") as Forest["dtype"],
    features: at(features),
    modes: inner.map((i) => modeOf(modes[i] as string) + (missing[i] ? missingFlag : 0)),
    splits: at(values),
    yes: inner.map((i) => branch(trees[i] as number, yes[i] as number)),
    no: inner.map((i) => branch(trees[i] as number, no[i] as number)),
    ...leavesOf(modes, trees, ids, weights),
    members: [],
    memberEnds: [],
  };
  return { ...forest, roots: rootsOf(trees, ids, places, forest) };
}

function modeOf(name: string): number {
  const mode = modeNames.indexOf(name);
  if (mode < 0) throw new ForestError("nodes_modes", `LEAF or one of ${modeNames.join(", ")}`);
  return mode;
}

/** The branch that a node of a tree is: its number among nodes, or among leaves. */
function placesOf(modes: readonly string[], trees: readonly number[], ids: readonly number[]): Map<string, number> {
  const places = new Map<string, number>();
  let [nodes, leaves] = [0, 0];
  modes.forEach((mode, i) => {
    const key = `${trees[i]}:${ids[i]}`;
    if (places.has(key)) throw new ForestError("nodes_nodeids", "distinct nodes in each tree");
    places.set(key, mode === "LEAF" ? leafFlag + leaves++ : nodes++);
  });
  return places;
}

/** Weights in the order of the leaves. Those of nodes that are no leaves never count. */
function leavesOf(
  modes: readonly string[],
  trees: readonly number[],
  ids: readonly number[],
  w: LegacyWeights,
): Pick<Forest, "leafEnds" | "targets" | "weights"> {
  const [wTrees, wNodes, wTargets, values] = [w.treeids, w.nodeids, w.ids, w.weights].map((l) => numbersOf(l)) as [
    readonly number[],
    readonly number[],
    readonly number[],
    readonly number[],
  ];
  if (new Set([wTrees.length, wNodes.length, wTargets.length, values.length]).size !== 1)
    throw new ForestError(
      `${w.prefix}_weights`,
      `as many entries as ${w.prefix}_treeids, ${w.prefix}_nodeids and ${w.prefix}_ids`,
    );
  const byNode = new Map<string, number[]>();
  values.forEach((_, i) => {
    const key = `${wTrees[i]}:${wNodes[i]}`;
    const list = byNode.get(key);
    if (list) list.push(i);
    else byNode.set(key, [i]);
  });
  const [leafEnds, targets, weights]: [number[], number[], number[]] = [[], [], []];
  modes.forEach((mode, n) => {
    if (mode !== "LEAF") return;
    for (const i of byNode.get(`${trees[n]}:${ids[n]}`) ?? []) {
      targets.push(wTargets[i] as number);
      weights.push(values[i] as number);
    }
    leafEnds.push(weights.length);
  });
  return { leafEnds, targets, weights };
}

/** Of each tree the first node that no branch leads to. */
function rootsOf(
  trees: readonly number[],
  ids: readonly number[],
  places: ReadonlyMap<string, number>,
  f: Pick<Forest, "yes" | "no">,
): number[] {
  const children = new Set([...f.yes, ...f.no]);
  const roots = new Map<number, number>();
  trees.forEach((tree, i) => {
    const place = places.get(`${tree}:${ids[i]}`) as number;
    if (!roots.has(tree) && !children.has(place)) roots.set(tree, place);
  });
  if (roots.size !== new Set(trees).size) throw new ForestError("nodes_nodeids", "a root in each tree");
  return [...roots.values()];
}

const baseOf = (nodes: LegacyNodes): Literal | undefined => nodes.base_values_as_tensor ?? nodes.base_values;

/** Base values are one for each target; a classifier of two classes may have one for its votes. */
export function checkBase(nodes: LegacyNodes, targets: number, ctx: Pick<InferContext, "fail">): void {
  const count = numbersOf(baseOf(nodes)).length;
  if (count > targets)
    ctx.fail("E0202", { name: "base_values", value: `${count} values`, expected: `at most ${targets}` });
}

/** `&[S]` of the base values, in the type of the forest. */
export const baseArg = (nodes: LegacyNodes, forest: Forest): Arg => floats(numbersOf(baseOf(nodes)), forest.dtype);
