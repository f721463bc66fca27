/**
 * Arrays joined along an axis; the other extents must agree.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Concat.html
 */
import { attr, required } from "../ir/attr.ts";
import { areStatic, type Dim, product, sum } from "../ir/dim.ts";
import { type Contents, shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext, type Inferred } from "../ir/op_def.ts";
import { dims, list, read, write } from "../ir/plan.ts";
import { allocate, sizeOf, type Tensor } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { expectExtents } from "./operands.ts";
import { agree, axisIn, sameDType, shapeIn } from "./shape_rules.ts";
import { copyRun } from "./strided.ts";

/** Longer lists are data, not shapes. */
const maxContents = 256;

export const concat = defineOp({
  name: "concat",
  summary: "Arrays joined along an axis.",
  onnx: {
    type: "Concat",
    since: [1, 4, 11, 13],
    adapt(node, version) {
      if (version >= 4 || node.attributes.some((a) => a.name === "axis")) return node;
      return { ...node, attributes: [...node.attributes, { name: "axis", kind: "int", value: 1n }] };
    },
  },
  inputs: { inputs: "variadic" },
  outputs: { concat_result: "required" },
  attrs: { axis: attr.int(required) },

  infer({ inputs }, { axis }, ctx) {
    const parts = present(inputs);
    const [first] = parts;
    if (!first) return ctx.fail("E0201", { what: "inputs", expected: "at least one", found: 0 });
    const dtype = sameDType(parts, ctx);
    const shapes = parts.map((p, i) => shapeIn(p, `input ${i}`, ctx));
    const at = axisIn(axis, (shapes[0] as readonly Dim[]).length, ctx);
    const extents = joined(shapes, at, ctx);
    return [withContents(tensorType(dtype, extents), parts)];
  },

  evaluate({ inputs }, { axis }) {
    return [concatenate(inputs as readonly Tensor[], axis)];
  },

  lower({ inputs }, { axis }, l) {
    const parts = present(inputs);
    const y = l.output(0);
    const rank = shapeOf(y).length;
    const at = axis < 0 ? axis + rank : axis;
    const others = (v: Value): readonly Dim[] => shapeOf(v).filter((_, i) => i !== at);
    for (const p of parts) expectExtents(l, others(p), others(y));
    const rows = parts.map((p) => product(shapeOf(p).slice(at)));
    l.call("ops::concat", [list(parts.map(read)), dims(rows), write(y)]);
  },
});

const present = (inputs: readonly (Value | undefined)[]): readonly Value[] => inputs.filter((v) => v !== undefined);

function joined(shapes: readonly (readonly Dim[])[], at: number, ctx: InferContext): readonly Dim[] {
  const rank = (shapes[0] as readonly Dim[]).length;
  for (const [i, s] of shapes.entries())
    if (s.length !== rank) ctx.fail("E0201", { what: `rank of input ${i}`, expected: rank, found: s.length });
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((s) => s[axis] as Dim);
    if (axis === at) return sum(extents);
    return extents.reduce((a, b) => agree(a, b, `extent of axis ${axis}`, ctx));
  });
}

/** Known elements of the parts in a row. */
function withContents(type: TensorType, parts: readonly Value[]): Inferred {
  const length = type.shape?.[0];
  const integer = type.dtype === "i64" || type.dtype === "i32";
  if (type.shape?.length !== 1 || typeof length !== "number" || length > maxContents || !integer) return type;
  const counts = parts.map((p) => shapeOf(p)[0] as Dim);
  if (!areStatic(counts)) return type;
  const known = parts.flatMap(
    (p, i): Contents => contentsIn(p) ?? new Array<undefined>(counts[i] as number).fill(undefined),
  );
  return known.some((c) => c !== undefined) ? { type, contents: known } : type;
}

/** The parts joined along `axis`. */
export function concatenate(parts: readonly Tensor[], axis: number): Tensor {
  const [first] = parts as readonly [Tensor];
  const at = axis < 0 ? axis + first.shape.length : axis;
  const extent = parts.reduce((n, p) => n + (p.shape[at] as number), 0);
  const result = first.shape.map((d, i) => (i === at ? extent : d));
  const data = allocate(first.dtype, sizeOf(result));
  const outer = sizeOf(result.slice(0, at));
  const row = sizeOf(result.slice(at));
  let offset = 0;
  for (const p of parts) {
    if (p.shape.length !== first.shape.length || p.shape.some((d, i) => i !== at && d !== first.shape[i]))
      throw new RangeError(`arrays of ${first.shape} and ${p.shape} cannot be joined along axis ${at}`);
    const n = sizeOf(p.shape.slice(at));
    for (let o = 0; o < outer; o++) copyRun(p, o * n, data, o * row + offset, n);
    offset += n;
  }
  return { dtype: first.dtype, shape: result, data };
}
