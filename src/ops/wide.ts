/** The element types that kernels compute in: `Number::Wide` of the runtime. */
import { bitsOf, type DType, isFloat } from "../ir/dtype.ts";

/** f32 for floats of up to 32 bits, i8 and u8 for 4- and 2-bit integers, the type itself otherwise. */
export function wideOf(dtype: DType): DType {
  if (dtype === "i4" || dtype === "i2") return "i8";
  if (dtype === "u4" || dtype === "u2") return "u8";
  return isFloat(dtype) && bitsOf(dtype) < 32 ? "f32" : dtype;
}
