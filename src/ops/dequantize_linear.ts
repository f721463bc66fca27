/**
 * `y = (x − x_zero_point) · x_scale`, rounded once to the output type: `output_dtype`, or the scale's.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__DequantizeLinear.html
 */
import { attr } from "../ir/attr.ts";
import { roundTo } from "../ir/bits.ts";
import { type DType, dtypeFromOnnx } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, readOption, shape, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dtypeIn } from "./elementwise.ts";
import { checkScales, expectScales, quantized, scaleArgs, scaleIndex } from "./quantization.ts";
import { shapeIn } from "./shape_rules.ts";

const results: readonly DType[] = ["f32", "f16", "bf16"];

export const dequantizeLinear = defineOp({
  name: "dequantize_linear",
  summary: "Small integers or floats as numbers, by scale and zero point.",
  onnx: { type: "DequantizeLinear", since: [10, 13, 19, 21, 23, 24, 25] },
  inputs: { x: "required", x_scale: "required", x_zero_point: "optional" },
  outputs: { y: "required" },
  attrs: { axis: attr.int(1), block_size: attr.int(0), output_dtype: attr.int(0) },
  error: "correctly rounded",

  infer({ x, x_scale, x_zero_point }, { axis, block_size, output_dtype }, ctx) {
    const from = dtypeIn(x, "x", [...quantized, "i32"], ctx);
    const scale = dtypeIn(x_scale, "x_scale", [...results, "f8e8m0"], ctx);
    if (x_zero_point) dtypeIn(x_zero_point, "x_zero_point", [from], ctx);
    checkScales(x, x_scale, x_zero_point, axis, block_size, ctx);
    const dtype = output_dtype === 0 ? scale : dtypeFromOnnx(output_dtype);
    if (!dtype || !results.includes(dtype))
      return ctx.fail("E0202", {
        name: "output_dtype",
        value: output_dtype,
        expected: `that of ${results.join(", ")}`,
      });
    return [tensorType(dtype, shapeIn(x, "x", ctx))];
  },

  evaluate({ x, x_scale, x_zero_point }, { axis, block_size }, { outputs }) {
    const dtype = tensorOf(outputs[0] as Value).dtype;
    const at = scaleIndex(x, x_scale, axis, block_size);
    const [from, scales, zeros] = [numbers(x), numbers(x_scale), x_zero_point ? numbers(x_zero_point) : [0]];
    const data = allocate(dtype, from.length) as NumberArray;
    from.forEach((v, i) => {
      const k = at(i);
      data[i] = roundTo(dtype, (v - (zeros[zeros.length === 1 ? 0 : k] as number)) * (scales[k] as number));
    });
    return [{ dtype, shape: x.shape, data }];
  },

  lower({ x, x_scale, x_zero_point }, { axis, block_size }, l) {
    const where = scaleArgs(x, x_scale, axis, block_size);
    const zero = readOption(x_zero_point);
    expectScales(l, x, x_scale, x_zero_point, axis, block_size);
    l.call("ops::dequantize", [read(x), shape(x), read(x_scale), zero, ...where, write(l.output(0))]);
  },
});
