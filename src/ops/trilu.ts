/**
 * The upper or lower triangle of matrices (the last two axes), zero elsewhere. `k` moves the diagonal up; elements on it
 * belong to both triangles.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Trilu.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dim, read, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { integers } from "./operands.ts";
import { dtypeIn, shapeIn } from "./shape_rules.ts";
import { take } from "./strided.ts";
import { wholeTypes } from "./type_sets.ts";

export const trilu = defineOp({
  name: "trilu",
  summary: "The upper or lower triangle of matrices.",
  onnx: { type: "Trilu", since: [14] },
  inputs: { input: "required", k: "optional" },
  outputs: { output: "required" },
  attrs: { upper: attr.bool(true) },

  infer({ input, k }, _, ctx) {
    const dtype = dtypeIn(input, wholeTypes, "input", ctx);
    if (k) dtypeIn(k, ["i64"], "k", ctx);
    const from = shapeIn(input, "input", ctx);
    if (from.length < 2) ctx.fail("E0201", { what: "rank of input", expected: "at least 2", found: from.length });
    return [tensorType(dtype, from)];
  },

  evaluate({ input, k }, { upper }) {
    const [rows, columns] = input.shape.slice(-2) as [number, number];
    const diagonal = k ? (numbers(k)[0] as number) : 0;
    return [
      take(input, input.shape, (i) => {
        const distance = (i % columns) - (Math.floor(i / columns) % rows);
        return (upper ? distance >= diagonal : distance <= diagonal) ? i : -1;
      }),
    ];
  },

  lower({ input, k }, { upper }, l) {
    const [rows, columns] = shapeOf(input).slice(-2) as [Dim, Dim];
    l.call("ops::trilu", [read(input), dim(rows), dim(columns), integers(k), bool(upper), write(l.output(0))]);
  },
});
