/**
 * Remainder of a division with broadcasting. Of integers the sign is the divisor's, as Python's `%`, or the dividend's with
 * `fmod`; floats need `fmod`, C's function. By zero: 0 for integers (ONNX leaves it undefined), NaN for floats.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Mod.html
 */
import { attr } from "../ir/attr.ts";
import * as dim from "../ir/dim.ts";
import { isFloat } from "../ir/dtype.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { inferBroadcast } from "./binary.ts";
import { all, isNonNegative, type Known, mapContents } from "./contents.ts";
import { isFloatType, isUnsignedType, lowerBinary, mapElements, numeric } from "./elementwise.ts";
import { mapNumbers } from "./numeric.ts";

export const mod = defineOp({
  name: "mod",
  summary: "Remainder of a division.",
  onnx: { type: "Mod", since: [10, 13] },
  inputs: { a: "required", b: "required" },
  outputs: { c: "required" },
  attrs: { fmod: attr.bool(false) },
  error: "exact",

  infer({ a, b }, { fmod }, ctx) {
    const { dtype, shape } = inferBroadcast([a, b], numeric, ctx);
    if (isFloat(dtype) && !fmod) ctx.fail("E0202", { name: "fmod", value: 0, expected: `1 for ${dtype}` });
    return [mapContents(tensorType(dtype, shape), [a, b], all(remainder))];
  },

  evaluate({ a, b }, { fmod }) {
    if (isFloat(a.dtype)) return [mapNumbers(a.dtype, [a, b], (x, y) => x % y)];
    return [mapElements(a.dtype, [a, b], (x, y) => integerMod(BigInt(x), BigInt(y), fmod))];
  },

  lower({ a, b }, { fmod }, l) {
    lowerBinary(l, [a, b], l.output(0), (wide) => {
      if (isFloatType(wide)) return "a % b";
      if (fmod || isUnsignedType(wide)) return "if b == 0 { 0 } else { a.wrapping_rem(b) }";
      // The remainder has the dividend's sign; adding the divisor gives it the divisor's.
      return "match a.checked_rem(b).unwrap_or(0) { r if r != 0 && (r < 0) != (b < 0) => r + b, r => r }";
    });
  },
});

function integerMod(a: bigint, b: bigint, fmod: boolean): bigint {
  if (b === 0n) return 0n;
  const r = a % b;
  return !fmod && r !== 0n && r < 0n !== b < 0n ? r + b : r;
}

/** Known where no sign is in question. */
function remainder(a: dim.Dim, b: dim.Dim): Known {
  if (typeof b !== "number" || b <= 0 || !isNonNegative(a)) return undefined;
  return dim.mod(a, b);
}
