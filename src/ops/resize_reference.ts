/** The reference semantics of `Resize`: one axis after the other, each row a row of the input or a weighted sum of rows. */
import { type DType, isBig } from "../ir/dtype.ts";
import { allocate, sizeOf, type Tensor, type TensorData } from "../ir/tensor.ts";
import { toElement } from "./numeric.ts";
import { roundHalfEven } from "./requantize.ts";
import type { ResizeAttrs } from "./resize_rules.ts";

/** One axis, its new extent, its factor, and the part of the input that `tf_crop_and_resize` reads. */
export interface Along {
  readonly axis: number;
  readonly extent: number;
  readonly scale: number;
  readonly part: readonly [start: number, end: number];
}

/** Place in an input of `input` elements of element `i` of the result; undefined outside of a part of the input. */
function placeOf(
  i: number,
  input: number,
  { extent, scale, part }: Along,
  mode: ResizeAttrs["coordinate_transformation_mode"],
): number | undefined {
  // A factor may give a length between whole numbers.
  const [length, last] = [scale * input, input - 1];
  const half = (i + 0.5) / scale - 0.5;
  switch (mode) {
    case "half_pixel":
      return half;
    case "half_pixel_symmetric":
      return (input / 2) * (1 - extent / length) + half;
    case "pytorch_half_pixel":
      return extent > 1 ? half : 0;
    case "tf_half_pixel_for_nn":
      return (i + 0.5) / scale;
    case "align_corners":
      return i === 0 ? 0 : (i * last) / (length - 1);
    case "asymmetric":
      return i / scale;
    case "tf_crop_and_resize": {
      const [start, end] = part;
      const place = extent > 1 ? start * last + (i * (end - start) * last) / (length - 1) : 0.5 * (start + end) * last;
      return place >= 0 && place <= last ? place : undefined;
    }
  }
}

/** A row of the result: rows of the input with their weights, or undefined for the extrapolation value. */
type Row = readonly (readonly [row: number, weight: number])[] | undefined;

function rowsOf(input: number, along: Along, attrs: ResizeAttrs): readonly Row[] {
  return Array.from({ length: along.extent }, (_, i) => {
    const place = placeOf(i, input, along, attrs.coordinate_transformation_mode);
    if (place === undefined) return undefined;
    if (attrs.mode === "nearest") return [[clamp(nearest(place, attrs.nearest_mode), input), 1]];
    return weighted(place, input, along.scale, attrs);
  });
}

const clamp = (row: number, extent: number): number => Math.min(Math.max(row, 0), extent - 1);

function nearest(place: number, mode: ResizeAttrs["nearest_mode"]): number {
  switch (mode) {
    case "round_prefer_floor":
      return Math.ceil(place - 0.5);
    case "round_prefer_ceil":
      return Math.floor(place + 0.5);
    case "floor":
      return Math.floor(place);
    case "ceil":
      return Math.ceil(place);
  }
}

function weighted(
  place: number,
  input: number,
  scale: number,
  { mode, antialias, cubic_coeff_a: a, exclude_outside }: ResizeAttrs,
): Row {
  const factor = antialias ? Math.min(scale, 1) : 1;
  const before = Math.ceil((mode === "cubic" ? 2 : 1) / factor);
  const first = Math.floor(place) + 1 - before;
  const filter = (d: number): number => {
    if (mode === "linear") return Math.max(1 - d, 0);
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
  };
  const rows = Array.from({ length: 2 * before }, (_, t) => {
    const row = first + t;
    const counts = !exclude_outside || (row >= 0 && row < input);
    return [clamp(row, input), counts ? filter(Math.abs(row - place) * factor) : 0] as const;
  });
  const total = rows.reduce((sum, [, weight]) => sum + weight, 0) || 1;
  return rows.map(([row, weight]) => [row, weight / total]);
}

/** The array with its axes resized one after the other, unrounded in between. */
export function resizeTensor(x: Tensor, axes: readonly Along[], attrs: ResizeAttrs): Tensor {
  let shape = x.shape;
  if (attrs.mode === "nearest") {
    let { data } = x;
    for (const along of axes) {
      data = pickRows(data, x.dtype, shape, along, attrs);
      shape = shape.with(along.axis, along.extent);
    }
    return { dtype: x.dtype, shape, data };
  }
  let sums = Float64Array.from(x.data as ArrayLike<number>, Number);
  for (const along of axes) {
    sums = sumRows(sums, shape, along, attrs);
    shape = shape.with(along.axis, along.extent);
  }
  const data = allocate(x.dtype, sums.length);
  sums.forEach((v, i) => {
    (data as unknown[])[i] = isBig(x.dtype) ? BigInt(roundHalfEven(v)) : toElement(x.dtype, saturated(x.dtype, v));
  });
  return { dtype: x.dtype, shape, data };
}

/** Integers are rounded to nearest and stay within their range. */
function saturated(dtype: DType, v: number): number {
  const range = ranges[dtype];
  return range ? Math.min(Math.max(roundHalfEven(v), range[0]), range[1]) : v;
}
const ranges: Partial<Record<DType, readonly [number, number]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
};

/** Calls `f(row of the result, offset in the result, offset of its column in the input, inner extent)`. */
function eachElement(
  shape: readonly number[],
  { axis, extent }: Along,
  f: (row: number, to: number, from: number, inner: number) => void,
): void {
  const inner = sizeOf(shape.slice(axis + 1));
  const input = shape[axis] as number;
  const blocks = sizeOf(shape.slice(0, axis));
  for (let block = 0; block < blocks; block++)
    for (let row = 0; row < extent; row++)
      for (let i = 0; i < inner; i++) f(row, (block * extent + row) * inner + i, block * input * inner + i, inner);
}

function pickRows(x: TensorData, dtype: DType, shape: readonly number[], along: Along, attrs: ResizeAttrs): TensorData {
  const rows = rowsOf(shape[along.axis] as number, along, attrs);
  const y = allocate(dtype, sizeOf(shape.with(along.axis, along.extent)));
  const outside = isBig(dtype)
    ? BigInt(roundHalfEven(attrs.extrapolation_value))
    : toElement(dtype, saturated(dtype, attrs.extrapolation_value));
  eachElement(shape, along, (row, to, from, inner) => {
    const [source] = rows[row]?.[0] ?? [];
    (y as unknown[])[to] = source === undefined ? outside : x[from + source * inner];
  });
  return y;
}

function sumRows(
  x: Float64Array,
  shape: readonly number[],
  along: Along,
  attrs: ResizeAttrs,
): Float64Array<ArrayBuffer> {
  const rows = rowsOf(shape[along.axis] as number, along, attrs);
  const y = new Float64Array(sizeOf(shape.with(along.axis, along.extent)));
  eachElement(shape, along, (row, to, from, inner) => {
    const terms = rows[row];
    y[to] = terms
      ? terms.reduce((sum, [source, weight]) => sum + weight * (x[from + source * inner] as number), 0)
      : attrs.extrapolation_value;
  });
  return y;
}
