/** Weights of convolutions in the order that the runtime's kernels read. Not an operator. */
import type { Value } from "../ir/graph.ts";
import type { Table } from "../ir/plan.ts";

const width = 16;

const weightsOf = (w: Value): { shape: readonly [number, number, number, number]; data: Float32Array } => {
  const { shape, data } = (w.literal as NonNullable<Value["literal"]>).load();
  return { shape: shape as [number, number, number, number], data: data as Float32Array };
};

/**
 * As `conv::pack_conv2d`: for each group the matrix with rows `(ky·columns + kx)·inputs + ic` and a column for each output
 * channel, in panels of 16 columns: `packed[(j / 16 · K + p) · 16 + j % 16]`.
 */
export function packConv2d(w: Value, group: number): Table {
  const [outputs, inputs, kh, kw] = (w.literal as NonNullable<Value["literal"]>).shape as [
    number,
    number,
    number,
    number,
  ];
  const perGroup = outputs / group;
  const depth = kh * kw * inputs;
  const panels = Math.ceil(perGroup / width);
  const length = group * panels * width * depth;
  return {
    key: w.name,
    dtype: "f32",
    length,
    make() {
      const { data } = weightsOf(w);
      const packed = new Float32Array(length);
      const taps = kh * kw;
      for (let g = 0; g < group; g++)
        for (let j = 0; j < perGroup; j++) {
          const base = g * panels * width * depth + Math.floor(j / width) * depth * width + (j % width);
          const from = (g * perGroup + j) * inputs * taps;
          for (let t = 0; t < taps; t++)
            for (let c = 0; c < inputs; c++)
              packed[base + (t * inputs + c) * width] = data[from + c * taps + t] as number;
        }
      return packed;
    },
  };
}

/** As `conv::pack_depthwise`: `packed[t · channels + c] = w[c][0][t]`. */
export function packDepthwise(w: Value): Table {
  const [channels, , kh, kw] = (w.literal as NonNullable<Value["literal"]>).shape as [number, number, number, number];
  const taps = kh * kw;
  return {
    key: w.name,
    dtype: "f32",
    length: taps * channels,
    make() {
      const { data } = weightsOf(w);
      const packed = new Float32Array(taps * channels);
      for (let c = 0; c < channels; c++)
        for (let t = 0; t < taps; t++) packed[t * channels + c] = data[c * taps + t] as number;
      return packed;
    },
  };
}

/** The filter transform of F(4×4, 3×3): Lavin & Gray 2015, §4.3. */
const G = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
] as const;
const [tile, positions] = [4, 36];

/** Extents of a convolution, as far as they decide on the algorithm. */
export interface ConvExtents {
  readonly batch: number;
  readonly output: readonly [number, number];
  readonly channels: number;
  readonly outputs: number;
}

/** Whether Winograd's algorithm is the faster one for a 3 × 3 kernel with stride 1: as `conv::winograd_wins`. */
export function winogradWins({ batch, output: [height, width], channels, outputs }: ConvExtents): boolean {
  const tiles = batch * Math.ceil(height / tile) * Math.ceil(width / tile);
  return channels >= 16 && outputs >= 16 && tiles >= 12 && 2 * batch * height * width >= tiles * tile * tile;
}

/** As `conv::pack_winograd`: `packed[((oc / 16 · 36 + 6i + j) · channels + ic) · 16 + oc % 16] = Σ G[i][ky]·G[j][kx]·w[oc][ic][ky][kx]`. */
export function packWinograd(w: Value): Table {
  const [outputs, inputs] = (w.literal as NonNullable<Value["literal"]>).shape as [number, number, number, number];
  const length = positions * inputs * Math.ceil(outputs / width) * width;
  const factors = Array.from({ length: positions }, (_, p) =>
    Float64Array.from(
      { length: 9 },
      (_, t) => (G[Math.floor(p / 6)]?.[Math.floor(t / 3)] as number) * (G[p % 6]?.[t % 3] as number),
    ),
  );
  return {
    key: w.name,
    dtype: "f32",
    length,
    make() {
      const { data } = weightsOf(w);
      const packed = new Float32Array(length);
      for (let oc = 0; oc < outputs; oc++)
        for (let ic = 0; ic < inputs; ic++) {
          const from = (oc * inputs + ic) * 9;
          for (let p = 0; p < positions; p++) {
            const f = factors[p] as Float64Array;
            let sum = 0;
            for (let t = 0; t < 9; t++) sum += (f[t] as number) * (data[from + t] as number);
            packed[((Math.floor(oc / width) * positions + p) * inputs + ic) * width + (oc % width)] = sum;
          }
        }
      return packed;
    },
  };
}
