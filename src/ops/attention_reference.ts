/** Reference semantics of attention, in double precision. */
import { allocate, type NumberArray, numbers, sizeOf, stridesOf, type Tensor } from "../ir/tensor.ts";
import { type AttentionAttrs, type AttentionInputs, extents, type Geometry } from "./attention_shape.ts";
import { toElement } from "./numeric.ts";

/** Results in the order of the outputs; those that nobody wants are null. */
export function evaluateAttention(
  inputs: AttentionInputs<Tensor>,
  attrs: AttentionAttrs,
  wants: (output: number) => boolean,
): (Tensor | null)[] {
  const { q, k, v, past_key, past_value } = inputs;
  const g = extents(q.shape, k.shape, v.shape, past_key?.shape, attrs) as Geometry<number>;
  const keys = extended(past_key, k, g, g.head);
  const values = extended(past_value, v, g, g.vHead);
  const queries = extended(
    undefined,
    q,
    { ...g, kvHeads: g.qHeads, past: 0, fresh: g.queries, keys: g.queries },
    g.head,
  );
  const scores = new Float64Array(g.batch * g.qHeads * g.queries * g.keys);
  const y = new Float64Array(g.batch * g.qHeads * g.queries * g.vHead);
  const bias = maskReader(inputs.attn_mask, g);
  const valid = inputs.nonpad_kv_seqlen && numbers(inputs.nonpad_kv_seqlen);
  for (let b = 0; b < g.batch; b++)
    for (let h = 0; h < g.qHeads; h++) {
      const kv = b * g.kvHeads + Math.floor(h / (g.qHeads / g.kvHeads));
      for (let i = 0; i < g.queries; i++) {
        const row = (b * g.qHeads + h) * g.queries + i;
        const [start, end] = visible(i, g, attrs, valid?.[b]);
        const stages = scoreRow(queries, row * g.head, keys, kv * g.keys * g.head, g, attrs);
        const masked = stages.capped.map((s, j) => (j < start || j >= end ? -Infinity : s + bias(b, h, i, j)));
        const p = softmax(masked);
        const stage = [stages.product, stages.capped, masked, p][attrs.qk_matmul_output_mode] as Float64Array;
        scores.set(stage, row * g.keys);
        for (let j = start; j < end; j++)
          for (let d = 0; d < g.vHead; d++)
            y[row * g.vHead + d] =
              (y[row * g.vHead + d] as number) + (p[j] as number) * (values[(kv * g.keys + j) * g.vHead + d] as number);
      }
    }
  const cache = (data: Float64Array, size: number): Tensor => tensorOfType(q, [g.batch, g.kvHeads, g.keys, size], data);
  return [
    repacked(q, y, g),
    wants(1) ? cache(keys, g.head) : null,
    wants(2) ? cache(values, g.vHead) : null,
    wants(3) ? tensorOfType(q, [g.batch, g.qHeads, g.queries, g.keys], scores) : null,
  ];
}

/** First key that query `i` sees, and the one after the last. */
function visible(i: number, g: Geometry<number>, attrs: AttentionAttrs, valid: number | undefined): [number, number] {
  const offset = valid !== undefined && g.past === 0 ? valid - g.queries : g.past;
  const at = i + offset;
  const ends = [g.keys];
  if (valid !== undefined) ends.push(valid);
  if (attrs.is_causal) ends.push(at + 1);
  if (attrs.right_window_size >= 0) ends.push(at + attrs.right_window_size + 1);
  const start = attrs.left_window_size >= 0 ? Math.max(0, at - attrs.left_window_size) : 0;
  return [start, Math.max(start, Math.min(...ends))];
}

/** Past and new rows as `[batch, heads, keys, size]`. */
function extended(past: Tensor | undefined, fresh: Tensor, g: Geometry<number>, size: number): Float64Array {
  const result = new Float64Array(g.batch * g.kvHeads * g.keys * size);
  const [old, now] = [past ? numbers(past) : [], numbers(fresh)];
  for (let n = 0; n < g.batch * g.kvHeads; n++) {
    const [b, h] = [Math.floor(n / g.kvHeads), n % g.kvHeads];
    result.set(old.slice(n * g.past * size, (n + 1) * g.past * size), n * g.keys * size);
    for (let i = 0; i < g.fresh; i++) {
      const row = g.packed ? (b * g.fresh + i) * g.kvHeads + h : n * g.fresh + i;
      result.set(now.slice(row * size, (row + 1) * size), (n * g.keys + g.past + i) * size);
    }
  }
  return result;
}

function scoreRow(
  q: Float64Array,
  at: number,
  k: Float64Array,
  from: number,
  g: Geometry<number>,
  attrs: AttentionAttrs,
): { product: Float64Array; capped: Float64Array } {
  const scale = attrs.scale ?? 1 / Math.sqrt(g.head);
  const product = new Float64Array(g.keys);
  for (let j = 0; j < g.keys; j++) {
    let sum = 0;
    for (let d = 0; d < g.head; d++) sum += (q[at + d] as number) * (k[from + j * g.head + d] as number);
    product[j] = scale * sum;
  }
  const cap = attrs.softcap;
  return { product, capped: cap > 0 ? product.map((s) => cap * Math.tanh(s / cap)) : product };
}

/** A row of −∞ becomes 0. */
function softmax(row: Float64Array): Float64Array {
  const max = row.reduce((m, s) => Math.max(m, s), -Infinity);
  if (max === -Infinity) return row.map(() => 0);
  const e = row.map((s) => Math.exp(s - max));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / total);
}

/** The mask's term for a place; −∞ where a shorter mask has none. */
function maskReader(
  mask: Tensor | undefined,
  g: Geometry<number>,
): (...at: [number, number, number, number]) => number {
  if (!mask) return () => 0;
  const values = numbers(mask);
  const strides = stridesOf(mask.shape);
  const rank = mask.shape.length;
  const width = mask.shape[rank - 1] as number;
  return (...at) => {
    if ((at[3] as number) >= Math.min(width, g.keys)) return -Infinity;
    const offset = mask.shape.reduce(
      (sum, extent, axis) => sum + (extent === 1 ? 0 : (at[axis + 4 - rank] as number) * (strides[axis] as number)),
      0,
    );
    const x = values[offset] as number;
    return mask.dtype === "bool" ? (x !== 0 ? 0 : -Infinity) : x;
  };
}

/** Results `[batch, heads, queries, size]` in the layout of the queries. */
function repacked(q: Tensor, y: Float64Array, g: Geometry<number>): Tensor {
  if (!g.packed) return tensorOfType(q, [g.batch, g.qHeads, g.queries, g.vHead], y);
  const packed = new Float64Array(y.length);
  for (let row = 0; row * g.vHead < y.length; row++) {
    const [b, h, i] = [Math.floor(row / g.queries / g.qHeads), Math.floor(row / g.queries) % g.qHeads, row % g.queries];
    packed.set(y.subarray(row * g.vHead, (row + 1) * g.vHead), ((b * g.queries + i) * g.qHeads + h) * g.vHead);
  }
  return tensorOfType(q, [g.batch, g.queries, g.qHeads * g.vHead], packed);
}

function tensorOfType(like: Tensor, shape: readonly number[], values: Float64Array): Tensor {
  const data = allocate(like.dtype, sizeOf(shape)) as NumberArray;
  values.forEach((x, i) => {
    data[i] = toElement(like.dtype, x);
  });
  return { dtype: like.dtype, shape, data };
}
