/**
 * `y[n, c, o] = max_t x[n, c, o·stride + t·dilation − pad]`; padding takes no part, NaN wins. `indices` says where in x each
 * maximum was first met, counted over all of x in row-major order, or with `storage_order` 1 with the first spatial axis
 * fastest within a channel. A window that lies in the padding gives −∞ (integers: the least) and index −1.
 *
 * With `ceil_mode` windows that x fills only in part count, unless they start behind x and its padding in front.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MaxPool.html
 */
import { attr } from "../ir/attr.ts";
import { type DType, integerRange, isFloat } from "../ir/dtype.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, read, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, stridesOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { eachRead, pooled, type Reads, readsOf, windowOver } from "./pool.ts";
import { dtypeIn } from "./shape_rules.ts";
import { windowArg, windowAttrs } from "./window.ts";

const dtypes: readonly DType[] = ["f16", "f32", "f64", "bf16", "i8", "u8"];

export const maxPool = defineOp({
  name: "max_pool",
  summary: "The greatest element of each window.",
  onnx: { type: "MaxPool", since: [1, 8, 10, 11, 12, 22] },
  inputs: { x: "required" },
  outputs: { y: "required", indices: "optional" },
  attrs: {
    ...windowAttrs,
    kernel_shape: { ...windowAttrs.kernel_shape, required: true },
    ceil_mode: attr.bool(false),
    storage_order: attr.int(0),
  },
  error: "exact",

  infer({ x }, attrs, ctx) {
    const extents = pooled(x, attrs, ctx);
    return [tensorType(dtypeIn(x, dtypes, "x", ctx), extents), tensorType("i64", extents)];
  },

  evaluate({ x }, attrs) {
    const reads = readsOf(x, attrs);
    const source = x.data as NumberArray;
    const y = allocate(x.dtype, reads.channels * reads.output) as NumberArray;
    const at = new Int32Array(y.length).fill(-1);
    y.fill(isFloat(x.dtype) ? Number.NEGATIVE_INFINITY : Number(integerRange(x.dtype).min));
    eachRead(reads, (i, o) => {
      const [value, best] = [source[i] as number, y[o] as number];
      if (at[o] !== -1 && !(value > best) && !(Number.isNaN(value) && !Number.isNaN(best))) return;
      y[o] = value;
      at[o] = i;
    });
    const place = attrs.storage_order === 1 ? columnMajor(x, reads) : (i: number) => i;
    const indices = BigInt64Array.from(at, (i) => BigInt(i < 0 ? i : place(i)));
    return [
      { dtype: x.dtype, shape: reads.shape, data: y },
      { dtype: "i64", shape: reads.shape, data: indices },
    ];
  },

  lower({ x }, attrs, l) {
    const window = windowArg(windowOver(x, attrs));
    const [wanted, indices] = l.outputs;
    if (!indices) {
      l.call("ops::max_pool", [read(x), shape(x), window, write(l.output(0)), shape(l.output(0))]);
      return;
    }
    const y = wanted ?? l.temporary((x.type as { dtype: DType }).dtype, shapeOf(indices));
    l.call("ops::max_pool_indices", [
      read(x),
      shape(x),
      window,
      bool(attrs.storage_order === 1),
      write(y),
      write(indices),
      shape(y),
    ]);
  },
});

/** The place of row-major offset `i` in x where the first spatial axis is the fastest. */
function columnMajor(x: Tensor, { input }: Reads): (i: number) => number {
  const extents = x.shape.slice(2);
  const from = stridesOf(extents);
  const to = stridesOf(extents.toReversed()).toReversed();
  return (i) => {
    const within = i % input;
    return (
      i -
      within +
      extents.reduce(
        (sum, extent, axis) => sum + (Math.floor(within / (from[axis] as number)) % extent) * (to[axis] as number),
        0,
      )
    );
  };
}
