/**
 * Columns of patches added up to an image: from [N, C·Πblock, L] to [N, C, image_shape…], with
 * `y[n, c, p…] = Σ x[n, (c, k…), b…]` over all `p = b·stride + k·dilation − pad`.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Col2Im.html
 */
import { attr, optional } from "../ir/attr.ts";
import { type Dim, floorDiv, isStatic, product } from "../ir/dim.ts";
import { type Contents, shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { grow, read, shape, struct, write } from "../ir/plan.ts";
import { allocate, numbers, sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { numeric } from "./elementwise.ts";
import { toElement, wrapBig } from "./numeric.ts";
import { bindExtents, indexList, integers, isUnranked } from "./operands.ts";
import { agree, dtypeIn, ranked } from "./shape_rules.ts";

interface Attrs {
  readonly strides: readonly number[] | undefined;
  readonly dilations: readonly number[] | undefined;
  readonly pads: readonly number[] | undefined;
}

export const col2im = defineOp({
  name: "col2im",
  summary: "Columns of patches added up to an image.",
  onnx: { type: "Col2Im", since: [18] },
  inputs: { input: "required", image_shape: "required", block_shape: "required" },
  outputs: { output: "required" },
  attrs: { dilations: attr.ints(optional), pads: attr.ints(optional), strides: attr.ints(optional) },

  infer({ input, image_shape, block_shape }, attrs, ctx) {
    const dtype = dtypeIn(input, numeric, "input", ctx);
    const [n, rows] = ranked(input, 3, "input", ctx) as readonly [Dim, Dim, Dim];
    for (const [v, what] of [
      [image_shape, "image_shape"],
      [block_shape, "block_shape"],
    ] as const) {
      dtypeIn(v, ["i64"], what, ctx);
      ranked(v, 1, what, ctx);
    }
    const rank = spatialRank(image_shape, block_shape, attrs);
    if (rank === undefined) return [tensorType(dtype, undefined)];
    const image = vector(image_shape, rank, "image_shape", ctx);
    const block = vector(block_shape, rank, "block_shape", ctx);
    checkLengths(attrs, rank, ctx);
    const known = block.every((d) => d !== undefined) ? product(block as readonly Dim[]) : undefined;
    if (known !== undefined && isStatic(known) && isStatic(rows) && (known < 1 || rows % known !== 0))
      ctx.fail("E0201", {
        what: "rows of input",
        expected: `a multiple of the patch's ${known} elements`,
        found: rows,
      });
    const channels = known === undefined ? ctx.fresh(rows) : floorDiv(rows, known);
    return [tensorType(dtype, [n, channels, ...image.map((d) => d ?? ctx.fresh())])];
  },

  evaluate({ input, image_shape, block_shape }, attrs) {
    return [addUp(input, numbers(image_shape), numbers(block_shape), complete(attrs, block_shape.shape[0] as number))];
  },

  lower({ input, image_shape, block_shape }, attrs, l) {
    const y = l.output(0);
    const block = integers(block_shape);
    const sizes = [integers(image_shape), block];
    if (isUnranked(y)) {
      l.call("ops::col2im_tensor", [read(input), shape(input), ...sizes, grow(y)], { fallible: true });
      return;
    }
    bindExtents(l, y, "ops::col2im_extents", [shape(input), ...sizes]);
    const { strides, dilations, pads } = complete(attrs, shapeOf(y).length - 2);
    const patches = struct("ops::Patches", [
      ["strides", indexList(strides)],
      ["dilations", indexList(dilations)],
      ["pads", indexList(pads)],
    ]);
    l.call("ops::col2im", [read(input), shape(input), block, patches, write(y), shape(y)], { fallible: true });
  },

  error: "sums in f32 (f64 for f64) in the order of the patch's elements, rounded once: at most taps · 2⁻²⁴ · Σ|x|",
});

/** The number of spatial axes, from whatever tells it; undefined where only the run does. */
function spatialRank(image: Value, block: Value, { strides, dilations, pads }: Attrs): number | undefined {
  const lengths = [shapeOf(image)[0], shapeOf(block)[0], strides?.length, dilations?.length, pads && pads.length / 2];
  return lengths.find((n) => typeof n === "number");
}

/** Elements of a list of `rank`. */
function vector(v: Value, rank: number, what: string, ctx: InferContext): Contents {
  agree(rank, shapeOf(v)[0] as Dim, `length of ${what}`, ctx);
  return contentsIn(v) ?? new Array<undefined>(rank).fill(undefined);
}

function checkLengths(attrs: Attrs, rank: number, ctx: InferContext): void {
  const check = (name: keyof Attrs, length: number, least: number): void => {
    const list = attrs[name];
    if (list && (list.length !== length || list.some((x) => x < least)))
      ctx.fail("E0202", { name, value: list.join(", "), expected: `${length} numbers of at least ${least}` });
  };
  check("strides", rank, 1);
  check("dilations", rank, 1);
  check("pads", 2 * rank, 0);
}

interface Complete {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

const complete = ({ strides, dilations, pads }: Attrs, rank: number): Complete => ({
  strides: strides ?? new Array<number>(rank).fill(1),
  dilations: dilations ?? new Array<number>(rank).fill(1),
  pads: pads ?? new Array<number>(2 * rank).fill(0),
});

function addUp(x: Tensor, image: readonly number[], block: readonly number[], a: Complete): Tensor {
  const rank = block.length;
  const counts = block.map((k, i) => {
    const room = (image[i] as number) + (a.pads[i] as number) + (a.pads[rank + i] as number);
    return Math.max(0, Math.floor((room - (a.dilations[i] as number) * (k - 1) - 1) / (a.strides[i] as number)) + 1);
  });
  const [taps, columns, pixels] = [sizeOf(block), sizeOf(counts), sizeOf(image)];
  if (x.shape[2] !== columns) throw new RangeError(`${x.shape[2]} columns where ${columns} patches fit`);
  const blocks = (x.shape[0] as number) * ((x.shape[1] as number) / taps);
  const sums = new Array<number | bigint>(blocks * pixels).fill(x.dtype === "i64" || x.dtype === "u64" ? 0n : 0);
  for (let i = 0; i < blocks * taps * columns; i++) {
    const tap = indexOf(Math.floor(i / columns) % taps, block);
    const pixel = indexOf(i % columns, counts).map(
      (b, axis) =>
        b * (a.strides[axis] as number) +
        (tap[axis] as number) * (a.dilations[axis] as number) -
        (a.pads[axis] as number),
    );
    if (pixel.some((p, axis) => p < 0 || p >= (image[axis] as number))) continue;
    const place = pixel.reduce((n, p, axis) => n * (image[axis] as number) + p, Math.floor(i / (taps * columns)));
    sums[place] = ((sums[place] as number) + (x.data[i] as number)) as number;
  }
  const y = allocate(x.dtype, sums.length) as (number | bigint)[] & Tensor["data"];
  sums.forEach((s, i) => {
    y[i] = typeof s === "bigint" ? wrapBig(x.dtype as "i64" | "u64", s) : toElement(x.dtype, s);
  });
  return { dtype: x.dtype, shape: [x.shape[0] as number, (x.shape[1] as number) / taps, ...image], data: y };
}

/** Row-major index of the n-th element. */
function indexOf(n: number, extents: readonly number[]): number[] {
  const index = new Array<number>(extents.length);
  let rest = n;
  for (let axis = extents.length - 1; axis >= 0; axis--) {
    index[axis] = rest % (extents[axis] as number);
    rest = Math.floor(rest / (extents[axis] as number));
  }
  return index;
}
