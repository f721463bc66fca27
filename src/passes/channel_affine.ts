/** Functions of one value that are `a[c]·x + b[c]` with constants: found by what they compute, whatever their form. Not a pass. */
import { shapeOf, type Value } from "../ir/graph.ts";
import { evaluateMap, type MapExpr } from "../ir/map_expr.ts";
import { sizeOf } from "../ir/tensor.ts";

export interface ChannelAffine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

/** Points at which a function is tried: a clamp or any other kink shows at some. */
const probes = [-1e4, -37, -3, -1, -0.25, 0, 0.5, 1, 2, 19, 1e4];

const extremes = [-1e4, -1, 1e4];

/**
 * The function of `inputs[at]` in `expr` as one factor and one term for each channel, where all other inputs are constants
 * that vary along `axis` (of a value of rank `rank`) at most. Undefined if it is no such function.
 */
export function channelAffine(
  expr: MapExpr,
  inputs: readonly Value[],
  at: number,
  axis: number,
  rank: number,
  channels: number,
): ChannelAffine | undefined {
  const tables = inputs.map((v, i) => (i === at ? undefined : perChannel(v, axis, rank, channels)));
  if (tables.some((t, i) => i !== at && t === undefined)) return undefined;
  const scale = new Float64Array(channels);
  const shift = new Float64Array(channels);
  const args = new Array<number>(inputs.length).fill(0);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < args.length; i++) args[i] = tables[i]?.(c) ?? 0;
    const f = (x: number): number => {
      args[at] = x;
      return evaluateMap(expr, args);
    };
    const b = f(0);
    const a = f(1) - b;
    // A kink depends on the function, not on the channel: a few channels are tried everywhere, the others far out.
    for (const x of c < 4 ? probes : extremes)
      if (!(Math.abs(f(x) - (a * x + b)) <= 1e-9 * (Math.abs(a * x) + Math.abs(b)) + 1e-12 * Math.abs(x)))
        return undefined;
    scale[c] = a;
    shift[c] = b;
  }
  return { scale, shift };
}

/** A constant as a function of the channel, if it varies along `axis` only. */
export function perChannel(
  v: Value,
  axis: number,
  rank: number,
  channels: number,
): ((c: number) => number) | undefined {
  const { literal } = v;
  if (literal?.dtype !== "f32") return undefined;
  if (literal.splat !== undefined) return () => Number(literal.splat);
  const lead = rank - literal.shape.length;
  if (literal.shape.some((d, i) => d !== 1 && i + lead !== axis)) return undefined;
  const data = literal.load().data as Float32Array;
  if (sizeOf(literal.shape) !== channels) return undefined;
  return (c) => data[c] as number;
}

/** The input of a map that is no constant, if there is exactly one. */
export function onlyVariable(inputs: readonly (Value | undefined)[]): number | undefined {
  const variable = inputs.flatMap((v, i) => (v?.literal ? [] : [i]));
  return variable.length === 1 ? variable[0] : undefined;
}

export const rankOf = (v: Value): number => shapeOf(v).length;
