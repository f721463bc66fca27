/**
 * Rotary position embedding: of each head the first `rotary_embedding_dim` values (all, if 0) are pairs `(x[i], x[half + i])`
 * or, interleaved, `(x[2i], x[2i + 1])`, and turned by the angle of their position:
 * `(a, b) → (cos·a − sin·b, sin·a + cos·b)`. The rest is copied.
 *
 * With `position_ids` the caches are tables of positions, without they have a row for each place of each sequence.
 * Source: https://onnx.ai/onnx/operators/onnx__RotaryEmbedding.html
 */
import { attr } from "../ir/attr.ts";
import { type Dim, floorDiv, isStatic } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, dim, read, readOption, reference, struct, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { ranked, sameDType, shapeIn, tensorIn } from "./shape_rules.ts";

interface Extents<D = Dim> {
  readonly batch: D;
  readonly heads: D;
  readonly length: D;
  readonly head: D;
  readonly packed: boolean;
}

function extents(shape: readonly Dim[], heads: number): Extents {
  const [batch, second, third, fourth] = shape as [Dim, Dim, Dim, Dim];
  if (shape.length === 4) return { batch, heads: second, length: third, head: fourth, packed: false };
  return { batch, heads, length: second, head: floorDiv(third, Math.max(1, heads)), packed: true };
}

const half = (attrs: { rotary_embedding_dim: number }, head: Dim): Dim =>
  floorDiv(attrs.rotary_embedding_dim || head, 2);

export const rotaryEmbedding = defineOp({
  name: "rotary_embedding",
  summary: "Turns pairs of values by the angles of their positions.",
  onnx: { type: "RotaryEmbedding", since: [23] },
  inputs: { x: "required", cos_cache: "required", sin_cache: "required", position_ids: "optional" },
  outputs: { y: "required" },
  attrs: { interleaved: attr.bool(false), num_heads: attr.int(0), rotary_embedding_dim: attr.int(0) },
  error: "≤ 2·ε·(|cos·a| + |sin·b|)",

  infer({ x, cos_cache, sin_cache, position_ids }, attrs, ctx) {
    const dtype = sameDType([x, cos_cache, sin_cache], ctx);
    if (!["f32", "f16", "bf16", "f64"].includes(dtype))
      ctx.fail("E0203", { what: "X", found: dtype, expected: "f32, f16, bf16" });
    const shape = shapeIn(x, "X", ctx);
    if (shape.length !== 3 && shape.length !== 4)
      ctx.fail("E0201", { what: "rank of X", expected: "3 or 4", found: shape.length });
    if (shape.length === 3 && attrs.num_heads < 1)
      ctx.fail("E0202", { name: "num_heads", value: attrs.num_heads, expected: "1 or more, for a 3-D input" });
    const { batch, length, head } = extents(shape, attrs.num_heads);
    if (isStatic(head) && (head % 2 !== 0 || attrs.rotary_embedding_dim > head))
      ctx.fail("E0201", {
        what: "size of a head",
        expected: `even, ${attrs.rotary_embedding_dim} or more`,
        found: head,
      });
    if (attrs.rotary_embedding_dim < 0 || attrs.rotary_embedding_dim % 2 !== 0)
      ctx.fail("E0202", {
        name: "rotary_embedding_dim",
        value: attrs.rotary_embedding_dim,
        expected: "an even number",
      });
    const pairs = half(attrs, head);
    for (const [v, what] of [
      [cos_cache, "cos_cache"],
      [sin_cache, "sin_cache"],
    ] as const)
      checkCache(v, what, position_ids ? [undefined, pairs] : [batch, length, pairs], ctx);
    if (position_ids) {
      const ids = tensorIn(position_ids, "position_ids", ctx);
      if (ids.dtype !== "i64") ctx.fail("E0203", { what: "position_ids", found: ids.dtype, expected: "i64" });
      checkCache(position_ids, "position_ids", [batch, length], ctx);
    }
    return [tensorType(dtype, shape)];
  },

  evaluate({ x, cos_cache, sin_cache, position_ids }, attrs) {
    const e = extents(x.shape, attrs.num_heads) as Extents<number>;
    const pairs = half(attrs, e.head) as number;
    const [values, cos, sin] = [numbers(x), numbers(cos_cache), numbers(sin_cache)];
    const ids = position_ids && numbers(position_ids);
    const rows = cos_cache.shape[0] as number;
    const data = allocate(x.dtype, values.length) as NumberArray;
    for (let i = 0; i < data.length; i++) data[i] = values[i] as number;
    for (let n = 0; n * e.head < values.length; n++) {
      const outer = Math.floor(n / (e.packed ? e.heads : e.length));
      const at = e.packed ? outer : Math.floor(outer / e.heads) * e.length + (n % e.length);
      const id = ids?.[at] ?? at;
      if (ids && (id < -rows || id >= rows)) throw new RangeError(`position ${id} is outside of the cache (${rows})`);
      const row = id < 0 ? id + rows : id;
      for (let i = 0; i < pairs; i++) {
        const p = n * e.head + (attrs.interleaved ? 2 * i : i);
        const q = attrs.interleaved ? p + 1 : p + pairs;
        const [c, s] = [cos[row * pairs + i] as number, sin[row * pairs + i] as number];
        const [a, b] = [values[p] as number, values[q] as number];
        data[p] = toElement(x.dtype, c * a - s * b);
        data[q] = toElement(x.dtype, s * a + c * b);
      }
    }
    return [{ ...x, data }];
  },

  lower({ x, cos_cache, sin_cache, position_ids }, attrs, l) {
    const e = extents(shapeOf(x), attrs.num_heads);
    const rotary = reference(
      struct("ops::Rotary", [
        ["batch", dim(e.batch)],
        ["heads", dim(e.heads)],
        ["length", dim(e.length)],
        ["head", dim(e.head)],
        ["half", dim(half(attrs, e.head))],
        ["packed", bool(e.packed)],
        ["interleaved", bool(attrs.interleaved)],
      ]),
    );
    const args = [rotary, read(x), read(cos_cache), read(sin_cache), readOption(position_ids), write(l.output(0))];
    l.call("ops::rotary_embedding", args, { fallible: true });
  },
});

function checkCache(v: Value, what: string, expected: readonly (Dim | undefined)[], ctx: InferContext): void {
  ranked(v, expected.length, what, ctx).forEach((d, axis) => {
    const e = expected[axis];
    if (e !== undefined && isStatic(e) && isStatic(d) && e !== d)
      ctx.fail("E0201", { what: `axis ${axis} of ${what}`, expected: e, found: d });
  });
}
