/**
 * `y = saturate(round(x / y_scale) + y_zero_point)`: the quotient is computed in the scale's type (or `precision`), then
 * rounded to the nearest integer, halves to even, or to a narrow float. NaN becomes the zero point of integers.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__QuantizeLinear.html
 */
import { attr } from "../ir/attr.ts";
import { roundTo } from "../ir/bits.ts";
import { type DType, dtypeFromOnnx, integerRange, isFloat, isInteger } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { roundHalfEven } from "../ir/map_expr.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, read, readOption, shape, struct, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { converter } from "./convert.ts";
import { dtypeIn } from "./elementwise.ts";
import { checkScales, expectScales, quantized, scaleArgs, scaleIndex } from "./quantization.ts";
import { shapeIn, tensorIn } from "./shape_rules.ts";

const sources: readonly DType[] = ["f32", "f16", "bf16", "i32"];

export const quantizeLinear = defineOp({
  name: "quantize_linear",
  summary: "Numbers as small integers or floats, by scale and zero point.",
  onnx: { type: "QuantizeLinear", since: [10, 13, 19, 21, 23, 24, 25] },
  inputs: { x: "required", y_scale: "required", y_zero_point: "optional" },
  outputs: { y: "required" },
  attrs: {
    axis: attr.int(1),
    block_size: attr.int(0),
    output_dtype: attr.int(0),
    precision: attr.int(0),
    saturate: attr.bool(true),
  },
  error: "correctly rounded",

  infer({ x, y_scale, y_zero_point }, { axis, block_size, output_dtype, precision }, ctx) {
    dtypeIn(x, "x", sources, ctx);
    const scale = dtypeIn(y_scale, "y_scale", [...sources, "f8e8m0"], ctx);
    if (!precisionOf(precision, scale))
      ctx.fail("E0202", { name: "precision", value: precision, expected: "0 or the number of a float type" });
    checkScales(x, y_scale, y_zero_point, axis, block_size, ctx);
    return [tensorType(outputType(y_zero_point, output_dtype, ctx), shapeIn(x, "x", ctx))];
  },

  evaluate({ x, y_scale, y_zero_point }, { axis, block_size, precision, saturate }, { outputs }) {
    const dtype = tensorOf(outputs[0] as Value).dtype;
    const rounding = precisionOf(precision, y_scale.dtype) as DType;
    const at = scaleIndex(x, y_scale, axis, block_size);
    const [from, scales, zeros] = [numbers(x), numbers(y_scale), y_zero_point ? numbers(y_zero_point) : [0]];
    const quantize = quantizer(dtype, saturate);
    const data = allocate(dtype, from.length) as NumberArray;
    from.forEach((v, i) => {
      const k = at(i);
      const quotient = roundTo(rounding, v / (scales[k] as number));
      data[i] = quantize(quotient, zeros[zeros.length === 1 ? 0 : k] as number);
    });
    return [{ dtype, shape: x.shape, data }];
  },

  lower({ x, y_scale, y_zero_point }, { axis, block_size, precision, saturate }, l) {
    const rounding = precisionOf(precision, tensorOf(y_scale).dtype) as keyof typeof precisions;
    const where = scaleArgs(x, y_scale, axis, block_size);
    expectScales(l, x, y_scale, y_zero_point, axis, block_size);
    l.call("ops::quantize", [
      ...[read(x), shape(x), read(y_scale), readOption(y_zero_point), ...where],
      ...[struct(`ops::Precision::${precisions[rounding]}`), bool(saturate), write(l.output(0))],
    ]);
  },
});

const precisions = { f64: "F64", f32: "F32", f16: "F16", bf16: "Bf16" } as const;

/** The type that the quotient is rounded to: `precision`, else the scale's if it is a float that can hold a quotient. */
function precisionOf(precision: number, scale: DType): DType | undefined {
  if (precision === 0) return scale === "i32" ? "f64" : scale === "f8e8m0" ? "f32" : scale;
  const dtype = dtypeFromOnnx(precision);
  return dtype && dtype in precisions ? dtype : undefined;
}

/** The zero point's type, `output_dtype`, or u8; the first two must agree. */
function outputType(zero: Value | undefined, output_dtype: number, ctx: InferContext): DType {
  const wanted = output_dtype === 0 ? undefined : dtypeFromOnnx(output_dtype);
  const found = zero && tensorIn(zero, "y_zero_point", ctx).dtype;
  const dtype = found ?? wanted ?? (output_dtype === 0 ? "u8" : undefined);
  if (!dtype || (wanted && wanted !== dtype))
    ctx.fail("E0202", { name: "output_dtype", value: output_dtype, expected: found ? `that of ${found}` : "a type" });
  if (!quantized.includes(dtype))
    ctx.fail("E0203", { what: "the quantised type", found: dtype, expected: quantized.join(", ") });
  return dtype;
}

/** From a quotient and a zero point to an element. */
export function quantizer(dtype: DType, saturate: boolean): (quotient: number, zero: number) => number {
  if (isFloat(dtype)) {
    const convert = converter("f64", dtype, { saturate });
    return (q, zero) => convert(q + zero) as number;
  }
  if (!isInteger(dtype)) throw new TypeError(`${dtype} is not quantised to`);
  const { min, max } = integerRange(dtype);
  return (q, zero) => {
    const level = Number.isNaN(q) ? zero : roundHalfEven(q) + zero;
    return Math.max(Number(min), Math.min(Number(max), level));
  };
}
