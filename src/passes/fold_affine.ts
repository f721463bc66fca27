/**
 * Scales and shifts of single channels behind a convolution or product go into its weights and bias; batch normalisation
 * with constant statistics is such a function.
 */
import type { Builder } from "../ir/builder.ts";
import { type Op, shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { type Literal, lazyLiteral, literalOf } from "../ir/literal.ts";
import { applyFn, input, type MapExpr } from "../ir/map_expr.ts";
import { batchNormalization } from "../ops/batch_normalization.ts";
import { conv } from "../ops/conv.ts";
import { convTranspose } from "../ops/conv_transpose.ts";
import { linear } from "../ops/linear.ts";
import { map } from "../ops/map.ts";
import { type ChannelAffine, channelAffine, onlyVariable } from "./channel_affine.ts";
import type { Pass } from "./pass.ts";
import { rewriteToFixpoint, type Site } from "./rewrite.ts";

export const foldAffine: Pass = {
  name: "fold-affine",
  summary: "scales and shifts of channels go into weights and biases",
  optional: true,
  run: (program) =>
    rewriteToFixpoint(program, (site) =>
      site.op.def === batchNormalization ? normalisation(site) : site.op.def === map ? fold(site) : undefined,
    ),
};

/** Batch normalisation with constant statistics as a map over two constants. */
function normalisation({ op, builder }: Site): readonly Value[] | undefined {
  const [x, ...tables] = op.inputs as [Value, Value, Value, Value, Value];
  if (op.attrs.training_mode || op.outputs.length !== 1 || tensorOf(x).dtype !== "f32") return undefined;
  if (tables.some((t) => t.literal?.dtype !== "f32")) return undefined;
  const [scale, b, mean, variance] = tables.map((t) => (t.literal as Literal).load().data as Float32Array) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const epsilon = op.attrs.epsilon as number;
  const factor = scale.map((s, c) => s / Math.sqrt((variance[c] as number) + epsilon));
  const shift = b.map(
    (s, c) => s - ((mean[c] as number) * (scale[c] as number)) / Math.sqrt((variance[c] as number) + epsilon),
  );
  const shape = [
    scale.length,
    ...shapeOf(x)
      .slice(2)
      .map(() => 1),
  ];
  const expr: MapExpr = applyFn("add", applyFn("mul", input(0), input(1)), input(2));
  const table = (data: Float32Array, like: Value): Value => builder.constant({ dtype: "f32", shape, data }, like.name);
  return [builder.emit(map, { inputs: [x, table(factor, tables[0]), table(shift, tables[1])] }, { expr })];
}

function fold(site: Site): readonly Value[] | undefined {
  const { op, builder } = site;
  const at = onlyVariable(op.inputs);
  if (at === undefined) return undefined;
  const y = op.inputs[at] as Value;
  const anchor = site.producer(y);
  if (!anchor || site.uses(y) !== 1 || !foldable(anchor)) return undefined;
  if (shapeOf(y).length !== shapeOf(op.outputs[0] as Value).length) return undefined;
  const axis = anchor.def === linear ? shapeOf(y).length - 1 : 1;
  const channels = shapeOf(y)[axis];
  if (typeof channels !== "number") return undefined;
  const affine = channelAffine(
    op.attrs.expr as MapExpr,
    op.inputs as readonly Value[],
    at,
    axis,
    shapeOf(y).length,
    channels,
  );
  if (!affine) return undefined;
  site.absorb(anchor);
  return [rescaled(anchor, affine, builder)];
}

function foldable(op: Op): boolean {
  const [, w, bias] = op.inputs;
  if (op.def === linear && (op.attrs.activation as { name: string }).name !== "Identity") return false;
  if (op.def === linear && op.inputs[3]) return false;
  const known = op.def === conv || op.def === linear || (op.def === convTranspose && op.attrs.group === 1);
  return known && w?.literal?.dtype === "f32" && (!bias || bias.literal?.dtype === "f32");
}

/** The operation with weights and bias that do the function's work. */
function rescaled(op: Op, { scale, shift }: ChannelAffine, b: Builder): Value {
  const [x, w, bias] = op.inputs as [Value, Value, Value | undefined];
  const old = bias?.literal?.load().data as Float32Array | undefined;
  const sum = Float32Array.from(shift, (s, c) => (old?.[c] ?? 0) * (scale[c] as number) + s);
  const needsScale = scale.some((s) => s !== 1);
  const weights = needsScale ? b.literal(scaledWeights(op, w.literal as Literal, scale), w.name) : w;
  const biases = b.literal(literalOf({ dtype: "f32", shape: [sum.length], data: sum }), bias?.name ?? "bias");
  return b.emitOp(op.def, [x, weights, biases, ...op.inputs.slice(3)], op.attrs, [true]).outputs[0] as Value;
}

/** Weights times the factor of their output channel. */
function scaledWeights(op: Op, w: Literal, scale: Float64Array): Literal {
  const second = w.shape[1] as number;
  const inner = w.shape.slice(2).reduce((a, d) => a * d, 1);
  // Conv: [output, …]; ConvTranspose: [input, output, …]; linear: [input, output].
  const channel =
    op.def === conv ? (i: number) => Math.floor(i / (second * inner)) : (i: number) => Math.floor(i / inner) % second;
  return lazyLiteral("f32", w.shape, () => {
    const from = w.load().data as Float32Array;
    return { dtype: "f32", shape: w.shape, data: from.map((x, i) => x * (scale[channel(i)] as number)) };
  });
}
