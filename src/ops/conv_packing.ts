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
