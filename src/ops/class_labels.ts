/** Labels of classifiers: integers or texts, by class. */
import type { Literal } from "../ir/literal.ts";
import type { Arg } from "../ir/plan.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";
import { type Label, labelsArg } from "./labels.ts";
import { bigsOf, stringsOf } from "./list_attrs.ts";

export interface ClassLabels {
  readonly dtype: "i64" | "string";
  readonly values: readonly Label[];
}

/** Texts if there are any, else integers. */
export const classLabelsOf = (integers: Literal | undefined, texts: Literal | undefined): ClassLabels =>
  texts && (texts.shape[0] as number) > 0
    ? { dtype: "string", values: stringsOf(texts) }
    : { dtype: "i64", values: bigsOf(integers) };

export const labelled = (labels: ClassLabels, classes: readonly number[]): Tensor =>
  tensor(
    labels.dtype,
    [classes.length],
    classes.map((c) => labels.values[c] as Label),
  );

export const classLabelsArg = (labels: ClassLabels): Arg =>
  labelsArg(labels.values, labels.dtype, labels.dtype === "string" ? "" : 0n);
