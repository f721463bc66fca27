/**
 * Attention by a recurrent state S `[d_k, d_v]` for each head of keys and values instead of a softmax:
 *
 *     S ← exp(g)·S              gated rules; g is one value for the head, or one for each row of S
 *     v ← β·(v − Sᵀk)           delta rules
 *     S ← S + k⊗v    o = scale·Sᵀq
 *
 * Groups of query heads share a state. `scale` 0 is 1/√d_k; `chunk_size` is a hint that changes nothing. Without a past the
 * state starts at 0 and the present state has the type of the query.
 * Source: https://onnx.ai/onnx/operators/onnx__LinearAttention.html
 */
import { attr, required } from "../ir/attr.ts";
import { add, type Dim, floorDiv, isStatic, mul } from "../ir/dim.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { dim, float, option, read, readOption, reference, scratch, struct, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { rounded } from "./recurrent_cell.ts";
import { ranked, sameDType, tensorIn } from "./shape_rules.ts";

const rules = ["linear", "gated", "delta", "gated_delta"] as const;
const allowed = ["f32", "f16", "bf16"];

export const linearAttention = defineOp({
  name: "linear_attention",
  summary: "Attention by a recurrent state: linear, gated, delta and gated delta rules.",
  onnx: { type: "LinearAttention", since: [27] },
  inputs: {
    query: "required",
    key: "required",
    value: "required",
    past_state: "optional",
    decay: "optional",
    beta: "optional",
  },
  outputs: { output: "required", present_state: "required" },
  attrs: {
    chunk_size: attr.int(64),
    kv_num_heads: attr.int(required),
    q_num_heads: attr.int(required),
    scale: attr.float(0),
    update_rule: attr.oneOf(rules, "gated_delta"),
  },
  error: "each step rounds the state in f32: to first order steps·3·ε of its size",

  infer(inputs, attrs, ctx) {
    const { query, key, value, past_state, decay, beta } = inputs;
    const dtype = sameDType([query, key, value, decay, beta], ctx);
    if (!allowed.includes(dtype)) ctx.fail("E0203", { what: "query", found: dtype, expected: allowed.join(", ") });
    const { q_num_heads: qHeads, kv_num_heads: kvHeads, update_rule: rule } = attrs;
    if (kvHeads < 1 || qHeads < 1 || qHeads % kvHeads !== 0)
      ctx.fail("E0202", { name: "q_num_heads", value: qHeads, expected: `a multiple of kv_num_heads, ${kvHeads}` });
    const present = (v: Value | undefined, wanted: boolean, what: string): void => {
      if (wanted !== (v !== undefined))
        ctx.fail("E0201", {
          what: `${what} for ${rule}`,
          expected: wanted ? "an input" : "none",
          found: v ? "one" : "none",
        });
    };
    present(decay, rule.startsWith("gated"), "decay");
    present(beta, rule.endsWith("delta"), "beta");
    const [batch, steps, hidden] = ranked(query, 3, "query", ctx) as [Dim, Dim, Dim];
    const dk = divided(hidden, qHeads, "query", ctx);
    const dv = divided(ranked(value, 3, "value", ctx)[2] as Dim, kvHeads, "value", ctx);
    lastAxis(key, "key", [mul(kvHeads, dk)], ctx);
    lastAxis(decay, "decay", [kvHeads, mul(kvHeads, dk)], ctx);
    lastAxis(beta, "beta", [kvHeads, 1], ctx);
    const state = [batch, kvHeads, dk, dv];
    const stateType = past_state ? tensorIn(past_state, "past_state", ctx).dtype : dtype;
    if (!allowed.includes(stateType))
      ctx.fail("E0203", { what: "past_state", found: stateType, expected: allowed.join(", ") });
    if (past_state) agree(ranked(past_state, 4, "past_state", ctx), state, "past_state", ctx);
    return [tensorType(dtype, [batch, steps, mul(qHeads, dv)]), tensorType(stateType, state)];
  },

  evaluate({ query, key, value, past_state, decay, beta }, attrs) {
    const { q_num_heads: qHeads, kv_num_heads: kvHeads } = attrs;
    const [batch, steps, hidden] = query.shape as [number, number, number];
    const [dk, dv] = [hidden / qHeads, (value.shape[2] as number) / kvHeads];
    const scale = attrs.scale || 1 / Math.sqrt(dk);
    const [q, k, v] = [numbers(query), numbers(key), numbers(value)];
    const g = decay && { values: numbers(decay), width: (decay.shape[2] as number) / kvHeads };
    const rate = beta && { values: numbers(beta), width: beta.shape[2] as number };
    const states = Float64Array.from(past_state ? numbers(past_state) : new Array(batch * kvHeads * dk * dv).fill(0));
    const out = new Float64Array(batch * steps * qHeads * dv);
    for (let n = 0; n < batch * kvHeads; n++) {
      const [b, h] = [Math.floor(n / kvHeads), n % kvHeads];
      const s = states.subarray(n * dk * dv, (n + 1) * dk * dv);
      for (let t = b * steps; t < (b + 1) * steps; t++) {
        if (g)
          s.forEach((x, i) => {
            const at = (t * kvHeads + h) * g.width + (g.width === 1 ? 0 : Math.floor(i / dv));
            s[i] = x * Math.exp(g.values[at] as number);
          });
        const keyAt = (d: number): number => k[(t * kvHeads + h) * dk + d] as number;
        for (let m = 0; m < dv; m++) {
          let x = v[(t * kvHeads + h) * dv + m] as number;
          if (rate) {
            for (let d = 0; d < dk; d++) x -= keyAt(d) * (s[d * dv + m] as number);
            x *= rate.values[t * rate.width + (rate.width === 1 ? 0 : h)] as number;
          }
          for (let d = 0; d < dk; d++) s[d * dv + m] = (s[d * dv + m] as number) + keyAt(d) * x;
        }
        const group = qHeads / kvHeads;
        for (let head = h * group; head < (h + 1) * group; head++)
          for (let m = 0; m < dv; m++) {
            let sum = 0;
            for (let d = 0; d < dk; d++) sum += (q[(t * qHeads + head) * dk + d] as number) * (s[d * dv + m] as number);
            out[(t * qHeads + head) * dv + m] = scale * sum;
          }
      }
    }
    return [
      rounded(query.dtype, [batch, steps, qHeads * dv], out),
      rounded((past_state ?? query).dtype, [batch, kvHeads, dk, dv], states),
    ];
  },

  lower({ query, key, value, past_state, decay, beta }, attrs, l) {
    const [batch, steps, hidden] = shapeOf(query) as [Dim, Dim, Dim];
    const dk = floorDiv(hidden, attrs.q_num_heads);
    const dv = floorDiv(shapeOf(value)[2] as Dim, attrs.kv_num_heads);
    const shared = reference(
      struct("ops::LinearAttention", [
        ["batch", dim(batch)],
        ["steps", dim(steps)],
        ["q_heads", dim(attrs.q_num_heads)],
        ["kv_heads", dim(attrs.kv_num_heads)],
        ["d_k", dim(dk)],
        ["d_v", dim(dv)],
        ["scale", option(attrs.scale === 0 ? undefined : float(attrs.scale))],
      ]),
    );
    const present =
      l.outputs[1] ?? l.temporary(tensorOf(past_state ?? query).dtype, [batch, attrs.kv_num_heads, dk, dv]);
    const output = l.outputs[0] ?? l.temporary(tensorOf(query).dtype, [batch, steps, mul(attrs.q_num_heads, dv)]);
    const operands = [read(query), read(key), read(value), readOption(past_state), readOption(decay), readOption(beta)];
    const memory = scratch("f32", mul(dv, add(dk, 1)));
    l.call("ops::linear_attention", [shared, ...operands, write(output), write(present), memory]);
  },
});

function divided(d: Dim, heads: number, what: string, ctx: InferContext): Dim {
  if (isStatic(d) && d % heads !== 0)
    ctx.fail("E0201", { what: `last axis of ${what}`, expected: `a multiple of ${heads}`, found: d });
  return floorDiv(d, heads);
}

function lastAxis(v: Value | undefined, what: string, expected: readonly Dim[], ctx: InferContext): void {
  if (!v) return;
  const d = ranked(v, 3, what, ctx)[2] as Dim;
  if (isStatic(d) && expected.every(isStatic) && !expected.includes(d))
    ctx.fail("E0201", { what: `last axis of ${what}`, expected: expected.join(" or "), found: d });
}

function agree(shape: readonly Dim[], expected: readonly Dim[], what: string, ctx: InferContext): void {
  shape.forEach((d, axis) => {
    const e = expected[axis] as Dim;
    if (isStatic(d) && isStatic(e) && d !== e)
      ctx.fail("E0201", { what: `axis ${axis} of ${what}`, expected: e, found: d });
  });
}
