/**
 * `xʸ` with broadcasting, in the type of `x`. As IEEE's `pow`: x⁰ and 1ʸ are 1 even for NaN. Integers to integer powers
 * wrap; to negative ones they give 0 but for ±1. Integers to float powers are computed in f64 and truncated.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Pow.html
 */
import type { DType } from "../ir/dtype.ts";
import { isFloat, isInteger } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { applyFn, constant, input, type MapExpr } from "../ir/map_expr.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { integerOf } from "./convert.ts";
import {
  dtypeIn,
  expectBroadcast,
  ieeeFloats,
  lowerBinary,
  lowerMap,
  mapElements,
  numeric,
  operand,
  result,
} from "./elementwise.ts";
import { sinceSeven } from "./legacy_broadcast.ts";
import { broadcastShapes, shapeIn } from "./shape_rules.ts";

const bases: readonly DType[] = [...ieeeFloats, "i32", "i64"];

export const pow = defineOp({
  name: "pow",
  summary: "Powers: xʸ, in the type of x.",
  onnx: { type: "Pow", since: [1, 7, 12, 13, 15], adapt: sinceSeven },
  inputs: { x: "required", y: "required" },
  outputs: { z: "required" },
  attrs: {},
  error: "≤ 2 ulp; exact for integers",

  infer({ x, y }, _, ctx) {
    const dtype = dtypeIn(x, "x", bases, ctx);
    dtypeIn(y, "y", numeric, ctx);
    return [tensorType(dtype, broadcastShapes([shapeIn(x, "x", ctx), shapeIn(y, "y", ctx)], ctx))];
  },

  evaluate({ x, y }) {
    const exact = isInteger(x.dtype) && isInteger(y.dtype);
    return [
      mapElements(x.dtype, [x, y], (a, b) => {
        if (exact) return integerPower(BigInt(a), BigInt(b));
        const power = floatPower(Number(a), Number(b));
        return isFloat(x.dtype) ? power : integerOf(x.dtype, power);
      }),
    ];
  },

  lower({ x, y }, _, l) {
    const z = l.output(0);
    const [base, exponent] = [tensorOf(x).dtype, tensorOf(y).dtype];
    const small = base === "f32" ? smallPower(y) : undefined;
    if (small) {
      expectBroadcast(l, [y], z);
      lowerMap(l, small, [x], z);
    } else if (base === "f32" && exponent === "f32") {
      lowerMap(l, applyFn("pow", input(0), input(1)), [x, y], z);
    } else if (isInteger(base) && isInteger(exponent)) {
      expectBroadcast(l, [x, y], z);
      l.call("ops::integer_power", [...operand(x), ...operand(y), ...result(z)]);
    } else {
      lowerBinary(l, [x, y], z, powerOf);
    }
  },
});

/** Rust of the power where one side is a float. */
function powerOf(a: string, b: string): string {
  if (a === b) return "a.powf(b)";
  const power = `${inF64("a", a)}.powf(${inF64("b", b)})`;
  return a === "f64" ? power : `${power} as ${a}`;
}
function inF64(name: string, wide: string): string {
  if (wide === "f64") return name;
  return wide === "f32" ? `f64::from(${name})` : name === "a" ? `(${name} as f64)` : `${name} as f64`;
}

/** Constant powers that are products. */
function smallPower(y: Value): MapExpr | undefined {
  const x = input(0);
  const square = applyFn("mul", x, x);
  switch (Number(y.literal?.splat)) {
    case 1:
      return applyFn("mul", x, constant(1));
    case 2:
      return square;
    case 3:
      return applyFn("mul", square, x);
    case -1:
      return applyFn("reciprocal", x);
    default:
      return undefined;
  }
}

/** JavaScript gives NaN for 1^NaN and (−1)^±∞, where IEEE 754 gives 1. */
const floatPower = (a: number, b: number): number => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b);

/** Modulo 2⁶⁴, by squaring. */
function integerPower(a: bigint, b: bigint): bigint {
  if (b < 0n) return a === 1n ? 1n : a === -1n ? (b % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  let base = a;
  for (let n = b; n > 0n; n >>= 1n) {
    if (n & 1n) result = BigInt.asIntN(64, result * base);
    base = BigInt.asIntN(64, base * base);
  }
  return result;
}
