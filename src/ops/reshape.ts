/**
 * The same elements with other extents. Of `shape`'s entries 0 keeps the input's extent (unless `allowzero`) and one −1
 * takes what is left. Where not even the number of entries is known, neither is the result's rank.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Reshape.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, floorDiv, isStatic, product } from "../ir/dim.ts";
import { type Contents, shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, grow, read, shape as shapeArg } from "../ir/plan.ts";
import { numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { asInput } from "./attributes_as_inputs.ts";
import { contentsIn } from "./contents.ts";
import { bindExtents, expectExtents, integers, isUnranked } from "./operands.ts";
import { dtypeIn, ranked, shapeIn, tensorIn } from "./shape_rules.ts";

export const reshape = defineOp({
  name: "reshape",
  summary: "The same elements with other extents.",
  onnx: {
    type: "Reshape",
    since: [1, 5, 13, 14, 19, 21, 23, 24, 25],
    adapt: (node, version, b) => (version < 5 ? asInput(node, "shape", 1, b) : node),
  },
  inputs: { data: "required", shape: "required" },
  outputs: { reshaped: "required" },
  attrs: { allowzero: attr.bool(false) },

  infer({ data, shape }, { allowzero }, ctx) {
    const { dtype } = tensorIn(data, "data", ctx);
    dtypeIn(shape, ["i64"], "shape", ctx);
    const [length] = ranked(shape, 1, "shape", ctx);
    if (typeof length !== "number") return [tensorType(dtype, undefined)];
    const wanted = contentsIn(shape) ?? new Array<undefined>(length).fill(undefined);
    const extents = target(data, wanted, allowzero, ctx);
    const type = tensorType(dtype, extents);
    // Reshaping a scalar to [1] or back keeps what is known of its element.
    return data.contents && extents.length <= 1 ? [{ type, contents: data.contents }] : [type];
  },

  evaluate({ data, shape }, { allowzero }) {
    const wanted = numbers(shape);
    const known = wanted.map((d, i) => (d === 0 && !allowzero ? (data.shape[i] as number) : d));
    const others = known.reduce((n, d) => (d === -1 ? n : n * d), 1);
    const rest = others === 0 ? 0 : sizeOf(data.shape) / others;
    const extents = known.map((d) => (d === -1 ? rest : d));
    if (sizeOf(extents) !== sizeOf(data.shape))
      throw new RangeError(`${sizeOf(data.shape)} elements cannot have the shape ${extents.join(", ")}`);
    return [{ ...data, shape: extents }];
  },

  lower({ data, shape }, { allowzero }, l) {
    const y = l.output(0);
    const how = [shapeArg(data), integers(shape), bool(allowzero)];
    if (isUnranked(y)) {
      l.call("ops::reshape_tensor", [read(data), ...how, grow(y)], { fallible: true });
      return;
    }
    bindExtents(l, y, "ops::reshape_extents", how);
    if (l.op.fresh.length === 0) expectExtents(l, [product(shapeOf(y))], [product(shapeOf(data))]);
    l.view(data, y);
  },
});

/** Extents of the result. Entries that only the run knows are fresh sizes, and so is a −1 beside them. */
function target(data: Value, wanted: Contents, allowzero: boolean, ctx: InferContext): readonly Dim[] {
  const from = shapeIn(data, "data", ctx);
  const open = wanted.some((d) => d === undefined);
  const known = wanted.map((d, i): Dim => {
    if (d === undefined || (d === -1 && open)) return ctx.fresh();
    if (d !== 0 || allowzero) return d;
    return (
      from[i] ??
      ctx.fail("E0201", { what: `entry ${i} of shape`, expected: `an axis of data (rank ${from.length})`, found: "0" })
    );
  });
  const total = product(from);
  const others = product(known.filter((d) => d !== -1));
  checkEntries(wanted, allowzero, ctx);
  if (open) return known;
  if (!known.includes(-1)) {
    if (isStatic(total) && isStatic(others) && total !== others)
      ctx.fail("E0201", { what: "number of elements", expected: total, found: others });
    return known;
  }
  if (isStatic(total) && isStatic(others) && (others === 0 ? total !== 0 : total % others !== 0))
    ctx.fail("E0201", { what: "number of elements", expected: `a multiple of ${others}`, found: total });
  return known.map((d) => (d === -1 ? (others === 0 ? 0 : floorDiv(total, others)) : d));
}

function checkEntries(wanted: Contents, allowzero: boolean, ctx: InferContext): void {
  const holes = wanted.filter((d) => d === -1).length;
  if (holes > 1) ctx.fail("E0201", { what: "entries of shape that are −1", expected: "at most one", found: holes });
  if (holes > 0 && allowzero && wanted.includes(0))
    ctx.fail("E0201", { what: "entries of shape", expected: "no −1 beside a 0 that counts", found: wanted.join(", ") });
  const negative = wanted.find((d) => typeof d === "number" && d < -1);
  if (negative !== undefined)
    ctx.fail("E0201", { what: "entries of shape", expected: "at least −1", found: negative as number });
}
