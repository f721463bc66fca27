/**
 * `y[n, c, …] = x[n, c, …] / (bias + alpha / size · Σ x[n, k, …]²)^beta`, where k runs over the `size` channels around c that
 * exist: from `c − ⌊(size − 1)/2⌋` to `c + ⌈(size − 1)/2⌉`.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LRN.html
 */
import { attr, required } from "../ir/attr.ts";
import { type Dim, product } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dims, floats, int, read, write } from "../ir/plan.ts";
import { allocate, type NumberArray, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { toElement } from "./numeric.ts";
import { dtypeIn, shapeIn } from "./shape_rules.ts";
import { floatTypes } from "./type_sets.ts";

export const lrn = defineOp({
  name: "lrn",
  summary: "Local response normalisation across channels.",
  onnx: { type: "LRN", since: [1, 13] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { alpha: attr.float(1e-4), beta: attr.float(0.75), bias: attr.float(1), size: attr.int(required) },
  error: "computed in double precision, rounded once",

  infer({ x }, { size }, ctx) {
    if (size < 1) ctx.fail("E0202", { name: "size", value: size, expected: "at least 1" });
    const extents = shapeIn(x, "x", ctx);
    if (extents.length < 2) ctx.fail("E0201", { what: "rank of x", expected: "2 or more", found: extents.length });
    return [tensorType(dtypeIn(x, floatTypes, "x", ctx), extents)];
  },

  evaluate({ x }, { alpha, beta, bias, size }) {
    const [source, channels, plane] = [x.data as NumberArray, x.shape[1] as number, sizeOf(x.shape.slice(2))];
    const data = allocate(x.dtype, source.length) as NumberArray;
    const before = Math.floor((size - 1) / 2);
    source.forEach((v, i) => {
      const c = Math.floor(i / plane) % channels;
      let squares = 0;
      for (let k = Math.max(0, c - before); k < Math.min(channels, c - before + size); k++)
        squares += (source[i + (k - c) * plane] as number) ** 2;
      data[i] = toElement(x.dtype, v / (bias + (alpha / size) * squares) ** beta);
    });
    return [{ dtype: x.dtype, shape: x.shape, data }];
  },

  lower({ x }, { alpha, beta, bias, size }, l) {
    const [images, channels, ...plane] = shapeOf(x) as [Dim, Dim, ...Dim[]];
    l.call("ops::local_response_normalization", [
      read(x),
      dims([images, channels, product(plane)]),
      int(size),
      floats([alpha, beta, bias], "f64"),
      write(l.output(0)),
    ]);
  },
});
