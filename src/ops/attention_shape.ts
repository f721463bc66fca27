/** Extents of an attention's operands, and what they must have in common. */
import { add, type Dim, dimText, floorDiv, isStatic, mul } from "../ir/dim.ts";
import { type DType, isFloat, isInteger } from "../ir/dtype.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import type { InferContext } from "../ir/op_def.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import { ranked, sameDType, shapeIn, tensorIn } from "./shape_rules.ts";

export interface AttentionInputs<T> {
  readonly q: T;
  readonly k: T;
  readonly v: T;
  readonly attn_mask: T | undefined;
  readonly past_key: T | undefined;
  readonly past_value: T | undefined;
  readonly nonpad_kv_seqlen: T | undefined;
}

export interface AttentionAttrs {
  readonly is_causal: boolean;
  readonly kv_num_heads: number | undefined;
  readonly left_window_size: number;
  readonly q_num_heads: number | undefined;
  readonly qk_matmul_output_mode: number;
  readonly right_window_size: number;
  readonly scale: number | undefined;
  readonly softcap: number;
  readonly softmax_precision: DType | undefined;
}

export interface Geometry<D> {
  readonly batch: D;
  readonly qHeads: D;
  readonly kvHeads: D;
  readonly queries: D;
  /** Keys of the past, of this call, and all of them. */
  readonly past: D;
  readonly fresh: D;
  readonly keys: D;
  readonly head: D;
  readonly vHead: D;
  /** 3-D operands. */
  readonly packed: boolean;
}

/** Extents of shapes that `infer` has checked. */
export function extents(
  q: readonly Dim[],
  k: readonly Dim[],
  v: readonly Dim[],
  pastKey: readonly Dim[] | undefined,
  attrs: Pick<AttentionAttrs, "kv_num_heads" | "q_num_heads">,
): Geometry<Dim> {
  const past = pastKey?.[2] ?? 0;
  const [batch] = q as [Dim];
  if (q.length === 4) {
    const [, qHeads, queries, head] = q as [Dim, Dim, Dim, Dim];
    const [, kvHeads, fresh] = k as [Dim, Dim, Dim];
    const keys = add(past, fresh);
    return { batch, qHeads, kvHeads, queries, past, fresh, keys, head, vHead: v[3] as Dim, packed: false };
  }
  const qHeads = attrs.q_num_heads ?? 1;
  const kvHeads = attrs.kv_num_heads ?? 1;
  const fresh = k[1] as Dim;
  const head = floorDiv(q[2] as Dim, qHeads);
  const vHead = floorDiv(v[2] as Dim, kvHeads);
  const queries = q[1] as Dim;
  return { batch, qHeads, kvHeads, queries, past, fresh, keys: add(past, fresh), head, vHead, packed: true };
}

export const geometry = (inputs: AttentionInputs<Value>, attrs: AttentionAttrs): Geometry<Dim> =>
  extents(shapeOf(inputs.q), shapeOf(inputs.k), shapeOf(inputs.v), inputs.past_key && shapeOf(inputs.past_key), attrs);

export const cacheExtents = (g: Geometry<Dim>, size: Dim): readonly Dim[] => [g.batch, g.kvHeads, g.keys, size];

/** Types of `Y`, the present keys and values, and the scores. */
export function inferAttention(inputs: AttentionInputs<Value>, attrs: AttentionAttrs, ctx: InferContext): TensorType[] {
  const { q, k, v, past_key, past_value } = inputs;
  const dtype = sameDType([q, k, v, past_key, past_value], ctx);
  if (!["f32", "f64", "f16", "bf16"].includes(dtype))
    ctx.fail("E0203", { what: "Q", found: dtype, expected: "f32, f64, f16, bf16" });
  checkAttrs(attrs, ctx);
  const shape = shapeIn(q, "Q", ctx);
  const rank = shape.length;
  if (rank !== 3 && rank !== 4) ctx.fail("E0201", { what: "rank of Q", expected: "3 or 4", found: rank });
  const [kShape, vShape] = [ranked(k, rank, "K", ctx), ranked(v, rank, "V", ctx)];
  if (rank === 3) checkHeads(shape, kShape, vShape, attrs, ctx);
  if (!past_key !== !past_value)
    ctx.fail("E0201", { what: "past_key and past_value", expected: "both or neither", found: "one of them" });
  const pastShape = past_key && ranked(past_key, 4, "past_key", ctx);
  const g = extents(shape, kShape, vShape, pastShape, attrs);
  checkOperands(inputs, g, ctx);
  checkMask(inputs.attn_mask, dtype, g, ctx);
  const y = g.packed ? [g.batch, g.queries, mul(g.qHeads, g.vHead)] : [g.batch, g.qHeads, g.queries, g.vHead];
  return [
    tensorType(dtype, y),
    tensorType(dtype, cacheExtents(g, g.head)),
    tensorType(dtype, cacheExtents(g, g.vHead)),
    tensorType(dtype, [g.batch, g.qHeads, g.queries, g.keys]),
  ];
}

function checkAttrs(attrs: AttentionAttrs, ctx: InferContext): void {
  for (const name of ["left_window_size", "right_window_size"] as const)
    if (attrs[name] < -1) ctx.fail("E0202", { name, value: attrs[name], expected: "-1 or more" });
  const mode = attrs.qk_matmul_output_mode;
  if (![0, 1, 2, 3].includes(mode))
    ctx.fail("E0202", { name: "qk_matmul_output_mode", value: mode, expected: "0 to 3" });
  if (attrs.softmax_precision !== undefined && !isFloat(attrs.softmax_precision))
    ctx.fail("E0202", { name: "softmax_precision", value: attrs.softmax_precision, expected: "a floating-point type" });
}

function checkHeads(
  q: readonly Dim[],
  k: readonly Dim[],
  v: readonly Dim[],
  { q_num_heads, kv_num_heads }: AttentionAttrs,
  ctx: InferContext,
): void {
  const check = (name: string, heads: number | undefined, what: string, hidden: Dim): void => {
    if (heads === undefined || heads < 1)
      ctx.fail("E0202", { name, value: heads ?? "missing", expected: "1 or more, with 3-D operands" });
    if (isStatic(hidden) && hidden % heads !== 0)
      ctx.fail("E0201", { what: `last axis of ${what}`, expected: `a multiple of ${heads}`, found: hidden });
  };
  check("q_num_heads", q_num_heads, "Q", q[2] as Dim);
  check("kv_num_heads", kv_num_heads, "K", k[2] as Dim);
  check("kv_num_heads", kv_num_heads, "V", v[2] as Dim);
}

function checkOperands(inputs: AttentionInputs<Value>, g: Geometry<Dim>, ctx: InferContext): void {
  const { qHeads, kvHeads } = g;
  if (isStatic(qHeads) && isStatic(kvHeads) && (kvHeads === 0 || qHeads % kvHeads !== 0))
    ctx.fail("E0201", { what: "heads of Q", expected: `a multiple of ${kvHeads}, those of K`, found: qHeads });
  const rows = (size: Dim, length: Dim): readonly Dim[] =>
    g.packed ? [g.batch, length, mul(kvHeads, size)] : [g.batch, kvHeads, length, size];
  same(inputs.k, "K", rows(g.head, g.fresh), ctx);
  same(inputs.v, "V", rows(g.vHead, g.fresh), ctx);
  same(inputs.past_key, "past_key", [g.batch, kvHeads, g.past, g.head], ctx);
  same(inputs.past_value, "past_value", [g.batch, kvHeads, g.past, g.vHead], ctx);
  const lengths = inputs.nonpad_kv_seqlen;
  if (!lengths) return;
  same(lengths, "nonpad_kv_seqlen", [g.batch], ctx);
  const { dtype } = tensorIn(lengths, "nonpad_kv_seqlen", ctx);
  if (dtype !== "i64") ctx.fail("E0203", { what: "nonpad_kv_seqlen", found: dtype, expected: "i64" });
}

function same(v: Value | undefined, what: string, expected: readonly Dim[], ctx: InferContext): void {
  if (!v) return;
  ranked(v, expected.length, what, ctx).forEach((d, axis) => {
    const e = expected[axis] as Dim;
    if (isStatic(d) && isStatic(e) && d !== e)
      ctx.fail("E0201", { what: `axis ${axis} of ${what}`, expected: dimText(e), found: d });
  });
}

function checkMask(mask: Value | undefined, dtype: DType, g: Geometry<Dim>, ctx: InferContext): void {
  if (!mask) return;
  const found = tensorIn(mask, "attn_mask", ctx).dtype;
  if (found !== "bool" && found !== dtype && !isInteger(found) && !isFloat(found))
    ctx.fail("E0203", { what: "attn_mask", found, expected: `bool or ${dtype}` });
  const shape = shapeIn(mask, "attn_mask", ctx);
  if (shape.length > 4 || shape.length === 0)
    ctx.fail("E0201", { what: "rank of attn_mask", expected: "1 to 4", found: shape.length });
  const full = [g.batch, g.qHeads, g.queries, g.keys];
  shape.forEach((d, axis) => {
    const e = full[axis + 4 - shape.length] as Dim;
    const fits = !isStatic(d) || !isStatic(e) || d === e || d === 1 || (axis === shape.length - 1 && d < e);
    if (!fits)
      ctx.fail("E0201", { what: `axis ${axis} of attn_mask`, expected: `${dimText(e)} or 1`, found: dimText(d) });
  });
}
