/**
 * Decision trees in the form that kernel and reference semantics read, whatever form an operator gives them in.
 *
 * A branch is the number of a node or, with `leafFlag` added, of a leaf. What is made here is sound: branches are in range,
 * none leads back, so that every row comes to a leaf.
 */
import type { Literal } from "../ir/literal.ts";
import { type Arg, reference, struct } from "../ir/plan.ts";
import { allocate, type NumberArray } from "../ir/tensor.ts";
import { dataTable } from "./data_table.ts";

export const leafFlag = 2 ** 31;
/** Added to a mode where NaN goes the true way. */
export const missingFlag = 8;
export const memberMode = 6;

export interface Forest {
  /** Type of splits and weights. */
  readonly dtype: "f32" | "f64";
  readonly features: readonly number[];
  /** ≤ < ≥ > = ≠ with the split, or membership in the set that it numbers. */
  readonly modes: readonly number[];
  readonly splits: readonly number[];
  readonly yes: readonly number[];
  readonly no: readonly number[];
  readonly roots: readonly number[];
  readonly leafEnds: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
  readonly members: readonly number[];
  readonly memberEnds: readonly number[];
}

/** What is wrong with the attributes of a forest. */
export class ForestError extends Error {
  readonly attribute: string;
  constructor(attribute: string, message: string) {
    super(message);
    this.attribute = attribute;
  }
}

/** Forests by a literal that no other operation has: making one again for every look at its types would take time. */
const made = new WeakMap<Literal, Forest>();

export function remember(key: Literal, make: () => Forest): Forest {
  const known = made.get(key);
  if (known) return known;
  const forest = make();
  made.set(key, forest);
  return forest;
}

/** Checks branches, targets and that no node is its own descendant. */
export function checkForest(f: Forest, targets: number): Forest {
  const [nodes, leaves] = [f.features.length, f.leafEnds.length];
  for (const branch of [...f.yes, ...f.no, ...f.roots]) {
    const fits = branch >= leafFlag ? branch - leafFlag < leaves : branch >= 0 && branch < nodes;
    if (!fits || !Number.isInteger(branch))
      throw new ForestError("nodes_truenodeids", "branches to nodes or leaves that exist");
  }
  if (f.features.some((i) => i < 0)) throw new ForestError("nodes_featureids", "features from 0 on");
  if (f.targets.some((t) => t < 0 || t >= targets)) throw new ForestError("target_ids", `targets below ${targets}`);
  refuseCycles(f);
  return f;
}

function refuseCycles(f: Forest): void {
  /** 1 while below a node, 2 when all below it is known to end. */
  const state = new Uint8Array(f.features.length);
  for (const root of f.roots) {
    const path = root < leafFlag ? [root] : [];
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      state[node] = 1;
      const next = [f.yes[node] as number, f.no[node] as number].find((b) => b < leafFlag && state[b] !== 2);
      if (next !== undefined && state[next] === 1) throw new ForestError("nodes_truenodeids", "trees without a circle");
      if (next !== undefined) path.push(next);
      else state[path.pop() as number] = 2;
    }
  }
}

/** The leaf that a row comes to. */
export function leafOf(f: Forest, root: number, row: ArrayLike<number>): number {
  let at = root;
  while (at < leafFlag) {
    const x = row[f.features[at] as number] as number;
    const mode = f.modes[at] as number;
    const isTrue = compare(f, mode % missingFlag, x, f.splits[at] as number);
    at = (isTrue || (mode >= missingFlag && Number.isNaN(x)) ? f.yes[at] : f.no[at]) as number;
  }
  return at - leafFlag;
}

function compare(f: Forest, mode: number, x: number, split: number): boolean {
  if (Number.isNaN(x)) return false;
  if (mode === memberMode)
    return f.members.slice(split === 0 ? 0 : f.memberEnds[split - 1], f.memberEnds[split]).includes(x);
  return [x <= split, x < split, x >= split, x > split, x === split, x !== split][mode] as boolean;
}

export const aggregates = ["AVERAGE", "SUM", "MIN", "MAX"] as const;
export type Aggregate = (typeof aggregates)[number];

/** The weights of each target together; 0 where no tree has one. */
export function aggregateRow(f: Forest, aggregate: Aggregate, targets: number, row: ArrayLike<number>): number[] {
  const sums = new Array<number | undefined>(targets).fill(undefined);
  for (const root of f.roots) {
    const leaf = leafOf(f, root, row);
    for (let i = leaf === 0 ? 0 : (f.leafEnds[leaf - 1] as number); i < (f.leafEnds[leaf] as number); i++) {
      const [target, weight] = [f.targets[i] as number, f.weights[i] as number];
      const sum = sums[target];
      if (sum === undefined) sums[target] = weight;
      else if (aggregate === "MIN") sums[target] = Math.min(sum, weight);
      else if (aggregate === "MAX") sums[target] = Math.max(sum, weight);
      else sums[target] = sum + weight;
    }
  }
  const divisor = aggregate === "AVERAGE" ? f.roots.length : 1;
  return sums.map((sum) => (sum ?? 0) / divisor);
}

/** `&Trees { … }` of tables in the weights. */
export function forestArg(f: Forest): Arg {
  const numbers = (key: string, dtype: "u8" | "u32" | "f32" | "f64", list: readonly number[]): Arg => {
    const make = (): NumberArray => {
      const data = allocate(dtype, list.length) as NumberArray;
      data.set(list);
      return data;
    };
    return dataTable(`trees: ${key}`, dtype, list.length, make);
  };
  return reference(
    struct("ops::Trees", [
      ["features", numbers("features", "u32", f.features)],
      ["modes", numbers("modes", "u8", f.modes)],
      ["splits", numbers("splits", f.dtype, f.splits)],
      ["yes", numbers("true branches", "u32", f.yes)],
      ["no", numbers("false branches", "u32", f.no)],
      ["roots", numbers("roots", "u32", f.roots)],
      ["leaf_ends", numbers("leaves", "u32", f.leafEnds)],
      ["targets", numbers("targets", "u32", f.targets)],
      ["weights", numbers("weights", f.dtype, f.weights)],
      ["members", numbers("members", f.dtype, f.members)],
      ["member_ends", numbers("sets", "u32", f.memberEnds)],
    ]),
  );
}
