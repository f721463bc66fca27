/**
 * The `k` greatest (or least) elements along an axis and their indices, in order; of equal elements those of lower index
 * come first. NaN counts as greater than every number. The result is sorted also where `sorted` does not ask for it.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__TopK.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dim, int, read, scratch, shape, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { withInput, withoutAttributes } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { numeric } from "./elementwise.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { around, copyRun } from "./strided.ts";

export const topK = defineOp({
  name: "top_k",
  summary: "The greatest or least elements along an axis.",
  onnx: {
    type: "TopK",
    since: [1, 10, 11, 24],
    adapt(node, version, b) {
      if (version >= 10) return node;
      const k = node.attributes.find((a) => a.name === "k");
      const value = k?.kind === "int" ? b.int64s([Number(k.value)]) : undefined;
      return withInput(withoutAttributes(node, "k"), 1, value);
    },
  },
  inputs: { x: "required", k: "required" },
  outputs: { values: "required", indices: "required" },
  attrs: { axis: attr.int(-1), largest: attr.bool(true), sorted: attr.bool(true) },

  infer({ x, k }, { axis }, ctx) {
    const dtype = dtypeIn(x, numeric, "x", ctx);
    dtypeIn(k, ["i64"], "k", ctx);
    const from = shapeIn(x, "x", ctx);
    const at = axisIn(axis, from.length, ctx);
    const limit = from[at] as Dim;
    const count = contentsIn(k)?.[0] ?? ctx.fresh(limit);
    if (isStatic(count) && (count < 0 || (isStatic(limit) && count > limit)))
      ctx.fail("E0201", { what: "k", expected: `from 0 to the extent of axis ${at}`, found: count });
    const extents = from.map((d, i) => (i === at ? count : d));
    return [tensorType(dtype, extents), tensorType("i64", extents)];
  },

  evaluate({ x, k }, { axis, largest }) {
    const at = axis < 0 ? axis + x.shape.length : axis;
    const [outer, extent, inner] = around(x.shape, at);
    const count = numbers(k)[0] as number;
    if (count < 0 || count > extent) throw new RangeError(`${count} elements of an axis of extent ${extent}`);
    const shape = x.shape.map((d, i) => (i === at ? count : d));
    const values = allocate(x.dtype, sizeOf(shape));
    const indices = new BigInt64Array(sizeOf(shape));
    const data = x.data as ArrayLike<number | bigint>;
    for (let o = 0; o < outer; o++)
      for (let n = 0; n < inner; n++) {
        const place = (e: number): number => (o * extent + e) * inner + n;
        const sign = largest ? -1 : 1;
        const order = Array.from({ length: extent }, (_, e) => e);
        order.sort((a, b) => sign * compareNumbers(data[place(a)] as number, data[place(b)] as number) || a - b);
        for (const [j, e] of order.slice(0, count).entries()) {
          const to = (o * count + j) * inner + n;
          copyRun(x, place(e), values, to, 1);
          indices[to] = BigInt(e);
        }
      }
    return [
      { dtype: x.dtype, shape, data: values },
      { dtype: "i64", shape, data: indices },
    ];
  },

  lower({ x, k }, { axis, largest }, l) {
    const from = shapeOf(x);
    const at = axis < 0 ? axis + from.length : axis;
    const values = l.outputs[0] ?? l.temporary(x.type.kind === "tensor" ? x.type.dtype : "f32", shapeOf(l.output(1)));
    const indices = l.outputs[1] ?? l.temporary("i64", shapeOf(values));
    if (l.op.fresh.length > 0) l.call("ops::scalar_extent", [read(k)], { fallible: true, binds: true });
    l.call(
      "ops::top_k",
      [
        read(x),
        shape(x),
        int(at),
        bool(largest),
        scratch("i64", from[at] as Dim),
        write(values),
        write(indices),
        dim(shapeOf(values)[at] as Dim),
      ],
      { fallible: true },
    );
  },
});

/** By value; NaN above all others and equal to itself. */
export function compareNumbers<T extends number | bigint>(a: T, b: T): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}
