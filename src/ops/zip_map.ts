/**
 * A map for each row: its keys are the labels of the columns.
 *
 * Source: https://onnx.ai/onnx/operators/onnx_aionnxml_ZipMap.html
 */
import { type Dim, isStatic } from "../ir/dim.ts";
import type { Literal } from "../ir/literal.ts";
import { defineOp } from "../ir/op_def.ts";
import { grow, read } from "../ir/plan.ts";
import { isTensor, numbers, type RuntimeValue, scalar, type Tensor, tensor } from "../ir/tensor.ts";
import { sequenceType, tensorType } from "../ir/types.ts";
import { type ClassLabels, classLabelsArg, classLabelsOf } from "./class_labels.ts";
import { dataTable } from "./data_table.ts";
import { type Label, sortedEntries } from "./labels.ts";
import { listAttr } from "./list_attrs.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";

interface Attrs {
  readonly classlabels_int64s: Literal | undefined;
  readonly classlabels_strings: Literal | undefined;
}

const labelsOf = (attrs: Attrs): ClassLabels => classLabelsOf(attrs.classlabels_int64s, attrs.classlabels_strings);
/** Keys in ascending order with their columns. */
const columnsOf = (labels: ClassLabels): (readonly [Label, number])[] =>
  sortedEntries(labels.values.map((label, i) => [label, i] as const)) as (readonly [Label, number])[];

export const zipMap = defineOp({
  name: "zip_map",
  summary: "Rows as maps from the labels of their columns.",
  onnx: { type: "ZipMap", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { z: "required" },
  attrs: { classlabels_int64s: listAttr("ints"), classlabels_strings: listAttr("strings") },
  error: "exact",

  infer({ x }, attrs, ctx) {
    const { dtype } = tensorIn(x, "X", ctx);
    if (dtype !== "f32") ctx.fail("E0203", { what: "X", found: dtype, expected: "f32" });
    const shape = shapeIn(x, "X", ctx);
    const labels = labelsOf(attrs);
    const columns = shape.at(-1) as Dim;
    if (shape.length !== 1 && shape.length !== 2)
      ctx.fail("E0201", { what: "rank of X", expected: "1 or 2", found: shape.length });
    if (new Set(labels.values).size !== labels.values.length)
      ctx.fail("E0202", { name: "classlabels_*", value: labels.values.join(", "), expected: "distinct labels" });
    if (isStatic(columns) && columns !== labels.values.length)
      ctx.fail("E0201", {
        what: "columns of X",
        expected: `${labels.values.length}, as many as labels`,
        found: columns,
      });
    return [sequenceType({ kind: "map", key: labels.dtype, value: tensorType("f32", []) })];
  },

  evaluateValues({ x }, attrs) {
    if (!isTensor(x)) throw new TypeError("X is no tensor");
    const labels = labelsOf(attrs);
    const columns = columnsOf(labels);
    const keys: Tensor = tensor(
      labels.dtype,
      [columns.length],
      columns.map(([key]) => key),
    );
    const values = numbers(x);
    const rows = columns.length === 0 ? 0 : values.length / columns.length;
    const elements = Array.from({ length: rows }, (_, row): RuntimeValue => {
      const entries = columns.map(([, c]) => scalar("f32", values[row * columns.length + c] as number));
      return { kind: "map", keys, values: { kind: "sequence", elements: entries } };
    });
    return [{ kind: "sequence", elements }];
  },

  lower({ x }, attrs, l) {
    const labels = labelsOf(attrs);
    const columns = columnsOf(labels);
    const sorted = classLabelsArg({ ...labels, values: columns.map(([key]) => key) });
    const order = dataTable("columns", "u32", columns.length, () => Uint32Array.from(columns, ([, c]) => c));
    l.call("ops::zip_map", [read(x), sorted, order, grow(l.output(0))]);
  },
});
