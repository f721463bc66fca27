/** Data of an operator in the weights. */
import type { DType } from "../ir/dtype.ts";
import { type Arg, rust, table } from "../ir/plan.ts";
import type { TensorData } from "../ir/tensor.ts";

/** A table, or an empty slice where there is nothing to store. */
export const dataTable = (key: string, dtype: DType, length: number, make: () => TensorData): Arg =>
  length === 0 ? rust("&[]") : table({ key, dtype, length, make });
