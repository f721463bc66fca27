/**
 * Scaled dot-product attention: `y[i] = Σⱼ pᵢⱼ·v[j]` with `pᵢ = softmax(cap(scale·q[i]·k[j]) + mask[i, j])`.
 *
 * - Groups of query heads share a head of keys and values (GQA). 3-D operands are `[batch, length, heads · size]`.
 * - Past keys and values come before `K` and `V`; together they are the present ones.
 * - With `p = i + offset`, query `i` sees keys up to `p` if `is_causal`, and from `p − left_window_size` to
 *   `p + right_window_size` where those are not −1. `offset` is the length of the past; without a past but with
 *   `nonpad_kv_seqlen` it is that minus the number of queries; else 0. Keys from `nonpad_kv_seqlen` on are never seen.
 * - A boolean mask hides keys, any other is added to the scores. A mask shorter than the keys hides the rest.
 * - A query that sees nothing gives 0, not NaN, also in `qk_matmul_output` after softmax.
 *
 * `softmax_precision` is met from above: everything is computed in f32 or f64.
 * Source: https://onnx.ai/onnx/operators/onnx__Attention.html, with the errata of version 24 (causal masks count from the
 * offset).
 */
import { attr, optional } from "../ir/attr.ts";
import { add, type Dim, mul, product } from "../ir/dim.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dims, read, readOption, scratch, struct, write } from "../ir/plan.ts";
import { attentionScratch, attentionStruct, maskArg } from "./attention_lowering.ts";
import { evaluateAttention } from "./attention_reference.ts";
import { cacheExtents, geometry, inferAttention } from "./attention_shape.ts";

export const attention = defineOp({
  name: "attention",
  summary: "Scaled dot-product attention, with masks, windows and a cache of keys and values.",
  onnx: { type: "Attention", since: [23, 24, 25] },
  inputs: {
    q: "required",
    k: "required",
    v: "required",
    attn_mask: "optional",
    past_key: "optional",
    past_value: "optional",
    nonpad_kv_seqlen: "optional",
  },
  outputs: { y: "required", present_key: "optional", present_value: "optional", qk_matmul_output: "optional" },
  attrs: {
    is_causal: attr.bool(false),
    kv_num_heads: attr.int(optional),
    left_window_size: attr.int(-1),
    q_num_heads: attr.int(optional),
    qk_matmul_output_mode: attr.int(0),
    right_window_size: attr.int(-1),
    scale: attr.float(optional),
    softcap: attr.float(0),
    softmax_precision: attr.dtype(optional),
  },
  error: "to first order (keys + head + 8 + max|score|)·ε·max|v|, ε = 2⁻²⁴",

  infer: (inputs, attrs, ctx) => inferAttention(inputs, attrs, ctx),
  evaluate: (inputs, attrs, ctx) => evaluateAttention(inputs, attrs, (i) => ctx.wants(i)),

  lower(inputs, attrs, l) {
    const { q, k, v, attn_mask, past_key, past_value, nonpad_kv_seqlen } = inputs;
    const g = geometry(inputs, attrs);
    const [y, presentKey, presentValue, qk] = l.outputs;
    const keepsCache = past_key !== undefined || presentKey !== undefined || presentValue !== undefined;
    const cached = (past: Value | undefined, fresh: Value, present: Value | undefined, size: Dim): Value => {
      if (!keepsCache) return fresh;
      const cache = present ?? l.temporary(tensorOf(fresh).dtype, cacheExtents(g, size));
      const extents = dims([g.batch, g.kvHeads, g.past, g.fresh, size]);
      l.call("ops::extend_cache", [extents, readOption(past), read(fresh), bool(g.packed), write(cache)]);
      return cache;
    };
    const keys = cached(past_key, k, presentKey, g.head);
    const values = cached(past_value, v, presentValue, g.vHead);
    const shared = attentionStruct(g, attrs, g.packed && !keepsCache);
    const mask = maskArg(attn_mask, tensorOf(q).dtype, l);
    const valid = readOption(nonpad_kv_seqlen);
    const wide = tensorOf(q).dtype === "f64" ? "f64" : "f32";
    if (qk) {
      const stage = struct(
        `ops::ScoreStage::${["Product", "Capped", "Masked", "Probability"][attrs.qk_matmul_output_mode]}`,
      );
      l.call("ops::attention_scores", [
        shared,
        stage,
        read(q),
        read(keys),
        mask,
        valid,
        write(qk),
        scratch(wide, g.keys),
      ]);
    }
    const kernel = tensorOf(q).dtype === "f32" ? "ops::attention_f32" : "ops::attention";
    const memory = scratch(wide, attentionScratch(g, tensorOf(q).dtype));
    l.call(kernel, [shared, read(q), read(keys), read(values), mask, valid, write(y as Value), memory]);
  },

  macs: (inputs, attrs) => {
    const g = geometry(inputs, attrs);
    return mul(product([g.batch, g.qHeads, g.queries, g.keys]), add(g.head, g.vHead));
  },
});
