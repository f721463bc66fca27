/**
 * Attention whose scores and probabilities the model may change by graphs of its own:
 * `Y = prob_mod(softmax(score_mod(scale·Q·Kᵀ)))·V`, all of rank 4, scores in `softmax_precision` (f32, or f64 for f64 inputs).
 *
 * Groups of query heads share a head of keys and values. A row of scores that are all −∞ gives NaN, as softmax does.
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxpreview_FlexAttention.html
 */
import { attr, optional } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { type Dim, isStatic, sameDims } from "../ir/dim.ts";
import { type DType, isFloat } from "../ir/dtype.ts";
import { type Func, type Op, shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { sameType, type TensorType, tensorType, typeText } from "../ir/types.ts";
import { mul } from "./binary.ts";
import { cast } from "./cast.ts";
import { concat } from "./concat.ts";
import { identity } from "./identity.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { shape } from "./shape.ts";
import { ranked, sameDType } from "./shape_rules.ts";
import { softmax } from "./softmax.ts";
import { transpose } from "./transpose.ts";
import { reciprocal, sqrt } from "./unary.ts";

interface Attrs {
  readonly scale: number | undefined;
  readonly softmax_precision: DType | undefined;
  readonly has_score_mod: boolean;
  readonly has_prob_mod: boolean;
}

/** Type of the scores. */
const precisionOf = (q: Value, attrs: Pick<Attrs, "softmax_precision">): DType =>
  attrs.softmax_precision ?? (tensorOf(q).dtype === "f64" ? "f64" : "f32");

function scoresType(q: Value, k: Value, attrs: Pick<Attrs, "softmax_precision">): TensorType {
  const [batch, heads, queries] = shapeOf(q) as [Dim, Dim, Dim];
  return tensorType(precisionOf(q, attrs), [batch, heads, queries, shapeOf(k)[2] as Dim]);
}

export const flexAttention = defineOp({
  name: "flex_attention",
  summary: "Attention with graphs that change scores and probabilities.",
  onnx: { type: "FlexAttention", domain: "ai.onnx.preview", since: [1] },
  inputs: { q: "required", k: "required", v: "required" },
  outputs: { y: "required" },
  attrs: {
    scale: attr.float(optional),
    softmax_precision: attr.dtype(optional),
    has_score_mod: attr.internal(false),
    has_prob_mod: attr.internal(false),
  },
  regions: {
    names: ["score_mod", "prob_mod"],
    build({ q, k }, attrs, ctx) {
      for (const v of [q, k])
        if (tensorOf(v).shape?.length !== 4)
          ctx.fail("E0201", { what: "rank of Q and K", expected: 4, found: typeText(v.type) });
      const type = scoresType(q, k, attrs);
      const given = (["score_mod", "prob_mod"] as const).filter((name) => ctx.has(name));
      const regions = given.map((name) => ctx.graph(name, [type]));
      return { regions, attrs: { has_score_mod: ctx.has("score_mod"), has_prob_mod: ctx.has("prob_mod") } };
    },
  },
  error: "that of MatMul and Softmax",

  infer({ q, k, v }, attrs, ctx) {
    const dtype = sameDType([q, k, v], ctx);
    if (!["f32", "f64", "f16", "bf16"].includes(dtype))
      ctx.fail("E0203", { what: "Q", found: dtype, expected: "f32, f64, f16, bf16" });
    if (!isFloat(precisionOf(q, attrs)))
      ctx.fail("E0202", { name: "softmax_precision", value: precisionOf(q, attrs), expected: "a floating-point type" });
    const [batch, qHeads, queries, head] = ranked(q, 4, "Q", ctx) as [Dim, Dim, Dim, Dim];
    const [kBatch, kvHeads, keys, kHead] = ranked(k, 4, "K", ctx) as [Dim, Dim, Dim, Dim];
    const [vBatch, vHeads, values, vHead] = ranked(v, 4, "V", ctx) as [Dim, Dim, Dim, Dim];
    agree("batch of K", kBatch, batch, ctx);
    agree("batch of V", vBatch, batch, ctx);
    agree("size of a head of K", kHead, head, ctx);
    agree("heads of V", vHeads, kvHeads, ctx);
    agree("length of V", values, keys, ctx);
    checkHeads(qHeads, kvHeads, ctx);
    for (const region of ctx.regions) checkRegion(region, scoresType(q, k, attrs), ctx);
    return [tensorType(dtype, [batch, qHeads, queries, vHead])];
  },

  decompose({ q, k, v }, attrs, b, _outputs, regions) {
    const precision = precisionOf(q, attrs);
    // Products of half precision are summed in f32 and rounded once, to the type of the scores.
    const wide = tensorOf(q).dtype === "f64" ? "f64" : "f32";
    const keys = b.emit(transpose, { data: to(k, wide, b) }, { perm: [0, 1, 3, 2] });
    const queries = b.emit(mul, { a: to(q, wide, b), b: factor(q, attrs.scale, wide, b) });
    let scores = to(byGroups(queries, keys, q, b), precision, b);
    if (attrs.has_score_mod) scores = applied(regions[0] as Func, scores, b);
    let probabilities = b.emit(softmax, { input: scores }, { axis: -1 });
    if (attrs.has_prob_mod) probabilities = applied(regions.at(-1) as Func, probabilities, b);
    return [to(byGroups(to(probabilities, wide, b), to(v, wide, b), q, b), tensorOf(q).dtype, b)];
  },
});

const to = (v: Value, dtype: DType, b: Builder): Value =>
  tensorOf(v).dtype === dtype ? v : b.emit(cast, { input: v }, { to: dtype });

/** The extent of an axis as an operand `[1]`. */
const extent = (v: Value, axis: number, b: Builder): Value => {
  const d = shapeOf(v)[axis] as Dim;
  return isStatic(d) ? b.int64s([d]) : b.emit(shape, { data: v }, { start: axis, end: axis + 1 });
};

/** What queries are multiplied by: `1 / √head` unless it is given. */
function factor(q: Value, scale: number | undefined, dtype: "f32" | "f64", b: Builder): Value {
  const head = shapeOf(q)[3] as Dim;
  const round = (x: number): number => (dtype === "f32" ? Math.fround(x) : x);
  if (scale !== undefined) return b.scalar(dtype, scale);
  if (isStatic(head)) return b.scalar(dtype, round(1 / Math.sqrt(head)));
  return b.emit(reciprocal, { x: b.emit(sqrt, { x: to(extent(q, 3, b), dtype, b) }) });
}

/** `x·w` where groups of `x`'s heads share one of `w`'s: rows of a group are taken for rows of one head. */
function byGroups(x: Value, w: Value, q: Value, b: Builder): Value {
  if (sameDims(shapeOf(x).slice(0, 2), shapeOf(w).slice(0, 2))) return b.emit(matmul, { a: x, b: w });
  const target = (parts: readonly Value[]): Value => b.emit(concat, { inputs: parts }, { axis: 0 });
  const grouped = [extent(q, 0, b), extent(w, 1, b), b.int64s([-1]), extent(w, 2, b)];
  const rows = b.emit(reshape, { data: x, shape: target(grouped) });
  const product = b.emit(matmul, { a: rows, b: w });
  const result = [extent(q, 0, b), extent(q, 1, b), extent(q, 2, b), extent(w, 3, b)];
  return b.emit(reshape, { data: product, shape: target(result) });
}

/** The graph's operations on `argument`: in this place only, so that its values can stay what they are. */
function applied(region: Func, argument: Value, b: Builder): Value {
  const [parameter] = region.inputs;
  const bind: Op = {
    def: identity,
    inputs: [argument],
    attrs: {},
    outputs: [parameter],
    regions: [],
    fresh: [],
    origins: b.origins,
  };
  b.ops.push(bind, ...region.ops);
  return region.outputs[0] as Value;
}

function agree(what: string, found: Dim, expected: Dim, ctx: InferContext): void {
  if (isStatic(found) && isStatic(expected) && found !== expected) ctx.fail("E0201", { what, expected, found });
}

function checkHeads(qHeads: Dim, kvHeads: Dim, ctx: InferContext): void {
  if (isStatic(qHeads) && isStatic(kvHeads) && (kvHeads === 0 || qHeads % kvHeads !== 0))
    ctx.fail("E0201", { what: "heads of Q", expected: `a multiple of ${kvHeads}, those of K`, found: qHeads });
}

function checkRegion(region: Func, type: TensorType, ctx: InferContext): void {
  const [result] = region.outputs;
  if (region.outputs.length !== 1 || !result || !sameType(result.type, type))
    ctx.fail("E0201", {
      what: "result of a graph",
      expected: typeText(type),
      found: result ? typeText(result.type) : "none",
    });
}
