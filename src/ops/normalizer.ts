/**
 * Divides each row by its greatest value, the sum of its magnitudes, or the root of the sum of its squares. Rows for which
 * that is 0 stay.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_Normalizer.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import { shapeOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, read, struct, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { featureRows, rowsOf } from "./feature_rows.ts";
import { rounded } from "./recurrent_cell.ts";
import { shapeIn } from "./shape_rules.ts";

const norms = {
  MAX: {
    kernel: "Max",
    of: (row: readonly number[]) => row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  },
  L1: { kernel: "L1", of: (row: readonly number[]) => row.reduce((a, b) => a + Math.abs(b), 0) },
  L2: { kernel: "L2", of: (row: readonly number[]) => Math.sqrt(row.reduce((a, b) => a + b * b, 0)) },
};

export const normalizer = defineOp({
  name: "normalizer",
  summary: "Brings rows to norm 1.",
  onnx: { type: "Normalizer", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: { norm: attr.oneOf(["MAX", "L1", "L2"], "MAX") },
  error: "computed in f64, rounded once",

  infer({ x }, _attrs, ctx) {
    featureRows(x, ctx);
    return [tensorType("f32", shapeIn(x, "X", ctx))];
  },

  evaluate({ x }, { norm }) {
    const y = rowsOf(x).flatMap((row) => {
      const divisor = norms[norm].of(row);
      return row.map((v) => (divisor === 0 ? v : v / divisor));
    });
    return [rounded("f32", x.shape, y)];
  },

  lower({ x }, { norm }, l) {
    const width = dim(shapeOf(x).at(-1) as Dim);
    l.call("ops::normalize_rows", [struct(`ops::RowNorm::${norms[norm].kernel}`), read(x), width, write(l.output(0))]);
  },
});
