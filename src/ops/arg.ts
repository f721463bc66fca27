/**
 * Where along an axis the greatest or least element is: the first of equals, the last where `select_last_index`. NaN is
 * preferred to every number, as in NumPy.
 *
 * Sources: https://onnx.ai/onnx/operators/onnx__ArgMax.html, https://onnx.ai/onnx/operators/onnx__ArgMin.html
 */
import { attr } from "../ir/attr.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, int, read, shape, struct, write } from "../ir/plan.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { numeric } from "./elementwise.ts";
import { axisIn, dtypeIn, shapeIn } from "./shape_rules.ts";
import { around } from "./strided.ts";
import { compareNumbers } from "./top_k.ts";

const argument = (which: "Max" | "Min") =>
  defineOp({
    name: `arg_${which.toLowerCase()}`,
    summary: `The index of the ${which === "Max" ? "greatest" : "least"} element along an axis.`,
    onnx: { type: `Arg${which}`, since: [1, 11, 12, 13] },
    inputs: { data: "required" },
    outputs: { reduced: "required" },
    attrs: { axis: attr.int(0), keepdims: attr.bool(true), select_last_index: attr.bool(false) },

    infer({ data }, { axis, keepdims }, ctx) {
      dtypeIn(data, numeric, "data", ctx);
      const from = shapeIn(data, "data", ctx);
      const at = axisIn(axis, from.length, ctx);
      if (from[at] === 0) ctx.fail("E0201", { what: `extent of axis ${at}`, expected: "at least 1", found: 0 });
      const extents = keepdims ? from.map((d, i) => (i === at ? 1 : d)) : from.filter((_, i) => i !== at);
      return [tensorType("i64", extents)];
    },

    evaluate({ data }, { axis, keepdims, select_last_index }) {
      const at = axis < 0 ? axis + data.shape.length : axis;
      const extents = keepdims ? data.shape.map((d, i) => (i === at ? 1 : d)) : data.shape.filter((_, i) => i !== at);
      const best = bestAlong(data, at, which, select_last_index);
      return [{ dtype: "i64", shape: extents, data: BigInt64Array.from(best, BigInt) }];
    },

    lower({ data }, { axis, select_last_index }, l) {
      const at = axis < 0 ? axis + shapeOf(data).length : axis;
      const op = struct(`ops::reduce::${which}`);
      l.call("ops::arg", [op, read(data), shape(data), int(at), bool(select_last_index), write(l.output(0))]);
    },
  });

/** For each place of the other axes the index of the preferred element. */
export function bestAlong(x: Tensor, axis: number, which: "Max" | "Min", last: boolean): number[] {
  const [outer, extent, inner] = around(x.shape, axis);
  const data = x.data as ArrayLike<number>;
  const better = (a: number, b: number): boolean => {
    if (Number.isNaN(b)) return Number.isNaN(a) && last;
    if (Number.isNaN(a)) return true;
    const order = compareNumbers(a, b);
    return order === 0 ? last : order > 0 === (which === "Max");
  };
  return Array.from({ length: sizeOf(x.shape.filter((_, i) => i !== axis)) }, (_, i) => {
    const first = Math.floor(i / inner) * extent * inner + (i % inner);
    if (outer * extent === 0) throw new RangeError("no element to choose");
    let best = 0;
    for (let e = 1; e < extent; e++)
      if (better(data[first + e * inner] as number, data[first + best * inner] as number)) best = e;
    return best;
  });
}

export const argMax = argument("Max");
export const argMin = argument("Min");
