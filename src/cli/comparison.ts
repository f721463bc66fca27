/** Found against expected values, and where they first part. */
import type { OnnxModel, OnnxNode } from "../frontend/onnx_model.ts";
import { inOrder } from "../frontend/sort_nodes.ts";
import { isBig } from "../ir/dtype.ts";
import { isTensor, type RuntimeValue } from "../ir/tensor.ts";
import { compareValues } from "../tensorfile/compare.ts";
import type { Output } from "./run_program.ts";

export interface Comparison {
  readonly name: string;
  /** `f32[1, 10]`, as found. */
  readonly type: string;
  readonly ok: boolean;
  /** Null where the kinds or shapes differ, so that there is nothing to subtract. */
  readonly maxAbsError: number | null;
  /** Largest |found − expected| / |expected| where expected ≠ 0. */
  readonly maxRelError: number | null;
  readonly problem: string | null;
  /** The node that computes the value. */
  readonly node: string;
  readonly op: string;
}

export interface Tolerances {
  readonly rtol: number;
  /** Absolute; by default a share of the largest expected magnitude. */
  readonly atol?: number;
}

/** Share of the largest expected magnitude that counts as nothing. */
const scaleTolerance = 1e-5;

/** Compares every found value that something is expected of, in the order in which the graph computes them. */
export function compareResults(
  found: readonly Output[],
  expected: ReadonlyMap<string, RuntimeValue>,
  model: OnnxModel,
  { rtol, atol }: Tolerances,
): Comparison[] {
  const makers = makersOf(model.graph.nodes);
  return found.flatMap(({ name, value }) => {
    const wanted = expected.get(name);
    if (wanted === undefined) return [];
    const { problem, maxAbs, maxRel } = compareValues(value, wanted, {
      rtol,
      atol: atol ?? scaleTolerance * scaleOf(wanted),
    });
    const node = makers.get(name);
    return [
      {
        name,
        type: describe(value),
        ok: problem === undefined,
        maxAbsError: Number.isNaN(maxAbs) ? null : maxAbs,
        maxRelError: Number.isNaN(maxRel) ? null : maxRel,
        problem: problem ?? null,
        node: node?.name ?? "",
        op: node?.opType ?? "",
      },
    ];
  });
}

/** The value that differs and is computed before all others that do. */
export function firstDivergence(comparisons: readonly Comparison[], model: OnnxModel): Comparison | undefined {
  const bad = new Map(comparisons.filter((c) => !c.ok).map((c) => [c.name, c] as const));
  if (bad.size === 0) return undefined;
  const initial = new Set([...model.graph.inputs, ...model.graph.initializers].map((v) => v.name));
  for (const node of inOrder(model.graph.nodes, (name) => initial.has(name)))
    for (const name of node.outputs) if (bad.has(name)) return bad.get(name);
  return bad.values().next().value;
}

const makersOf = (nodes: readonly OnnxNode[]): ReadonlyMap<string, OnnxNode> =>
  new Map(nodes.flatMap((n) => n.outputs.map((o) => [o, n] as const)));

/** Largest finite magnitude of the numbers in a value; 1 where there is none. */
function scaleOf(value: RuntimeValue): number {
  if (value === null) return 1;
  if (!isTensor(value)) {
    const parts = value.kind === "map" ? [value.values] : value.elements;
    return Math.max(0, ...parts.map(scaleOf)) || 1;
  }
  if (value.dtype === "string" || isBig(value.dtype)) return 1;
  let scale = 0;
  for (const x of value.data as Iterable<number>) if (Math.abs(x) > scale && Number.isFinite(x)) scale = Math.abs(x);
  return scale || 1;
}

function describe(v: RuntimeValue): string {
  if (v === null) return "nothing";
  if (isTensor(v)) return `${v.dtype}[${v.shape.join(", ")}]`;
  return v.kind === "map" ? "a map" : `a sequence of ${v.elements.length}`;
}
