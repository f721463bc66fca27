/**
 * The same elements with other extents. Of `shape`'s entries 0 keeps the input's extent (unless `allowzero`) and one −1
 * takes what is left.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Reshape.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, floorDiv, isStatic, product } from "../ir/dim.ts";
import type { Contents, Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, read, shape as shapeArg } from "../ir/plan.ts";
import { numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { ranked, shapeIn, tensorIn } from "./shape_rules.ts";

export const reshape = defineOp({
  name: "reshape",
  summary: "The same elements with other extents.",
  onnx: {
    type: "Reshape",
    since: [1, 5, 13, 14, 19, 21, 23, 24, 25],
    adapt(node, version, b) {
      if (version >= 5) return node;
      const shape = node.attributes.find((a) => a.name === "shape");
      const values = shape?.kind === "ints" ? shape.value.map(Number) : [];
      return { ...node, inputs: [node.inputs[0], b.int64s(values)], attributes: [] };
    },
  },
  inputs: { data: "required", shape: "required" },
  outputs: { reshaped: "required" },
  attrs: { allowzero: attr.bool(false) },

  infer({ data, shape }, { allowzero }, ctx) {
    const { dtype } = tensorIn(data, "data", ctx);
    const [length] = ranked(shape, 1, "shape", ctx);
    if (!isStatic(length as Dim)) ctx.fail("E0205", { what: "the number of entries of shape" });
    const wanted = shape.contents ?? new Array<undefined>(length as number).fill(undefined);
    const extents = target(data, wanted, allowzero, ctx);
    const type = tensorType(dtype, extents);
    // Reshaping a scalar to [1] or back keeps what is known of its element.
    return data.contents && extents.length <= 1 ? [{ type, contents: data.contents }] : [type];
  },

  evaluate({ data, shape }, { allowzero }) {
    const wanted = numbers(shape);
    const known = wanted.map((d, i) => (d === 0 && !allowzero ? (data.shape[i] as number) : d));
    const rest = sizeOf(data.shape) / known.reduce((n, d) => (d === -1 ? n : n * d), 1);
    return [{ ...data, shape: known.map((d) => (d === -1 ? rest : d)) }];
  },

  lower({ data, shape }, { allowzero }, l) {
    const y = l.output(0);
    if (l.op.fresh.length > 0) l.call("ops::reshape_extents", [shapeArg(data), read(shape), bool(allowzero)], { fallible: true, binds: true });
    l.view(data, y);
  },
});

/** Extents of the result; entries that only the run knows are fresh sizes, all of them if any −1 may hide among them. */
function target(data: Value, wanted: Contents, allowzero: boolean, ctx: InferContext): readonly Dim[] {
  const from = shapeIn(data, "data", ctx);
  if (wanted.some((d) => d === undefined)) return wanted.map(() => ctx.fresh());
  const known = wanted.map((d, i): Dim => {
    if (d !== 0 || allowzero) return d as Dim;
    return from[i] ?? ctx.fail("E0201", { what: `entry ${i} of shape`, expected: `an axis of data (rank ${from.length})`, found: "0" });
  });
  const holes = known.filter((d) => d === -1).length;
  if (holes > 1) ctx.fail("E0201", { what: "entries of shape that are −1", expected: "at most one", found: holes });
  const total = product(from);
  const others = product(known.filter((d) => d !== -1));
  if (holes === 0) {
    if (isStatic(total) && isStatic(others) && total !== others) ctx.fail("E0201", { what: "number of elements", expected: total, found: others });
    return known;
  }
  if (isStatic(total) && isStatic(others) && (others === 0 ? total !== 0 : total % others !== 0))
    ctx.fail("E0201", { what: "number of elements", expected: `a multiple of ${others}`, found: total });
  return known.map((d) => (d === -1 ? (others === 0 ? 0 : floorDiv(total, others)) : d));
}

