/**
 * The distinct entries along `axis` (of the flat array where there is none), sorted or in the order of their first
 * occurrence, with the index of each one's first occurrence, the number of the distinct entry that each entry is, and how
 * often each occurs. NaN equals itself and is above all numbers; strings are ordered by their UTF-8 bytes.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Unique.html
 */
import { attr, optional } from "../ir/attr.ts";
import { type Dim, product } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dims, int, read, scratch, write } from "../ir/plan.ts";
import { allocate, int64s, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { around, copyRun } from "./strided.ts";
import { compareNumbers } from "./top_k.ts";
import { olderTypes } from "./type_sets.ts";

export const unique = defineOp({
  name: "unique",
  summary: "Distinct entries of an array.",
  onnx: { type: "Unique", since: [11] },
  inputs: { x: "required" },
  outputs: { y: "required", indices: "optional", inverse_indices: "optional", counts: "optional" },
  attrs: { axis: attr.int(optional), sorted: attr.bool(true) },

  infer({ x }, { axis }, ctx) {
    const dtype = dtypeIn(
      x,
      olderTypes.filter((d) => !d.startsWith("c")),
      "x",
      ctx,
    );
    const given = shapeIn(x, "x", ctx);
    const from = axis === undefined ? [product(given)] : given;
    const at = axisIn(axis ?? 0, from.length, ctx);
    const extent = from[at] as Dim;
    const count = ctx.fresh(extent);
    const y = tensorType(
      dtype,
      from.map((d, i) => (i === at ? count : d)),
    );
    return [y, tensorType("i64", [count]), tensorType("i64", [extent]), tensorType("i64", [count])];
  },

  evaluate({ x }, { axis, sorted }) {
    const from = axis === undefined ? [sizeOf(x.shape)] : x.shape;
    const at = (axis ?? 0) < 0 ? (axis ?? 0) + from.length : (axis ?? 0);
    const { firsts, inverse } = groups(x, from, at, sorted);
    const [outer, extent, inner] = around(from, at);
    const shape = from.map((d, i) => (i === at ? firsts.length : d));
    const y = allocate(x.dtype, sizeOf(shape));
    for (let o = 0; o < outer; o++)
      for (const [g, e] of firsts.entries())
        copyRun(x, (o * extent + e) * inner, y, (o * firsts.length + g) * inner, inner);
    const counts = firsts.map(() => 0);
    for (const g of inverse) counts[g] = (counts[g] as number) + 1;
    return [{ dtype: x.dtype, shape, data: y }, int64s(firsts), int64s(inverse), int64s(counts)];
  },

  lower({ x }, { axis, sorted }, l) {
    const from = extentsOf(x, axis);
    const at = (axis ?? 0) < 0 ? (axis ?? 0) + from.length : (axis ?? 0);
    const [y, indices, inverse, counts] = l.outputs;
    const extent = from[at] as Dim;
    const found = inverse ?? l.temporary("i64", [extent]);
    const where = [read(x), dims(from), int(at)];
    const room = [scratch("i64", extent), write(found)];
    l.call("ops::unique_groups", [...where, bool(sorted), ...room], { binds: true });
    if (y) l.call("ops::unique_entries", [...where, read(found), write(y)]);
    if (indices) l.call("ops::unique_indices", [read(found), write(indices)]);
    if (counts) l.call("ops::unique_counts", [read(found), write(counts)]);
  },
});

const extentsOf = (x: Value, axis: number | undefined): readonly Dim[] =>
  axis === undefined ? [product(shapeOf(x))] : shapeOf(x);

/** The first entry of each group of equal ones, and the group of every entry. */
function groups(
  x: Tensor,
  from: readonly number[],
  at: number,
  sorted: boolean,
): { firsts: number[]; inverse: number[] } {
  const [outer, extent, inner] = around(from, at);
  const compare = (a: number, b: number): number => {
    for (let o = 0; o < outer; o++)
      for (let n = 0; n < inner; n++) {
        const place = (e: number): number => (o * extent + e) * inner + n;
        const order = compareElements(x.data[place(a)], x.data[place(b)]);
        if (order !== 0) return order;
      }
    return 0;
  };
  const order = Array.from({ length: extent }, (_, e) => e).sort((a, b) => compare(a, b) || a - b);
  const firsts: number[] = [];
  const groupOf = new Array<number>(extent);
  for (const [i, e] of order.entries()) {
    if (i === 0 || compare(order[i - 1] as number, e) !== 0) firsts.push(e);
    groupOf[e] = firsts.length - 1;
  }
  if (sorted) return { firsts, inverse: groupOf };
  const byOccurrence = firsts.map((_, g) => g).sort((g, h) => (firsts[g] as number) - (firsts[h] as number));
  const rank = new Array<number>(firsts.length);
  for (const [r, g] of byOccurrence.entries()) rank[g] = r;
  return { firsts: byOccurrence.map((g) => firsts[g] as number), inverse: groupOf.map((g) => rank[g] as number) };
}

type Element = number | bigint | string | undefined;

function compareElements(a: Element, b: Element): number {
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return compareNumbers(a as number, b as number);
}
