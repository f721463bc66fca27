/** Sets of element types that the schemas of several operators allow. */
import { type DType, dtypes } from "../ir/dtype.ts";

/** Every type: operators that only move elements, in their newest versions. */
export const anyType: readonly DType[] = dtypes;
/** Every type of at least 8 bits other than the 8-bit floats. */
export const wholeTypes: readonly DType[] = dtypes.filter((d) => !/^f8|^f4|^[iu][24]$/.test(d));
/** As `wholeTypes` without bf16, as in schemas of before version 13. */
export const olderTypes: readonly DType[] = wholeTypes.filter((d) => d !== "bf16");
/** Floats of at least 16 bits. */
export const floatTypes: readonly DType[] = ["f16", "f32", "f64", "bf16"];
/** What reductions and running sums take. */
export const sumTypes: readonly DType[] = ["u32", "u64", "i32", "i64", "f16", "f32", "f64", "bf16"];
/** Indices. */
export const indexTypes: readonly DType[] = ["i32", "i64"];
