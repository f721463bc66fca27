/**
 * `y = saturate(round(Σₖ (a − a_zero)·(b − b_zero) · a_scale·b_scale / y_scale) + y_zero)`, rounded to nearest even.
 *
 * Scales and zero points of a are one number or one per row, those of b one number or one per column, those of y one number.
 * 8-bit floats are not rounded to integers, only to their type.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__QLinearMatMul.html
 */
import { type Dim, mul, product } from "../ir/dim.ts";
import { type DType, isInteger } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, dims, read, readOption, rust, struct, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { leftShape, matrixShape, multiply, productShape, rightShape } from "./matmul.ts";
import { checkParameter, multiplyQuantized, parameterShape, shifted } from "./matmul_integer.ts";
import { broadcastStrides, eachIndex, toElement } from "./numeric.ts";
import { oneElement, saturated } from "./requantize.ts";
import { dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";

const dtypes: readonly DType[] = ["i8", "u8", "f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz"];
const scaleDTypes: readonly DType[] = ["f32", "f16", "bf16"];

export const qlinearMatmul = defineOp({
  name: "qlinear_matmul",
  summary: "Products of quantised matrices, quantised.",
  onnx: { type: "QLinearMatMul", since: [10, 21] },
  inputs: {
    a: "required",
    a_scale: "required",
    a_zero_point: "required",
    b: "required",
    b_scale: "required",
    b_zero_point: "required",
    y_scale: "required",
    y_zero_point: "required",
  },
  outputs: { y: "required" },
  attrs: {},
  error: "integers: exact sums modulo 2³², scaled in double precision and rounded once",

  infer(inputs, _, ctx) {
    const { a, b, y_zero_point, a_scale, b_scale, y_scale } = inputs;
    const [left, right] = [dtypeIn(a, dtypes, "a", ctx), dtypeIn(b, dtypes, "b", ctx)];
    if (isInteger(left) !== isInteger(right))
      ctx.fail("E0203", { what: "b", found: right, expected: isInteger(left) ? "an integer" : "a float" });
    const dtype = dtypeIn(y_zero_point, dtypes, "y_zero_point", ctx);
    sameDType([a, inputs.a_zero_point], ctx);
    sameDType([b, inputs.b_zero_point], ctx);
    dtypeIn(a_scale, scaleDTypes, "a_scale", ctx);
    sameDType([a_scale, b_scale, y_scale], ctx);
    checkParameter(a, a_scale, "row", "a_scale", ctx);
    checkParameter(a, inputs.a_zero_point, "row", "a_zero_point", ctx);
    checkParameter(b, b_scale, "column", "b_scale", ctx);
    checkParameter(b, inputs.b_zero_point, "column", "b_zero_point", ctx);
    oneElement(y_scale, "y_scale", ctx);
    oneElement(y_zero_point, "y_zero_point", ctx);
    return [tensorType(dtype, productShape(shapeIn(a, "a", ctx), shapeIn(b, "b", ctx), ctx))];
  },

  evaluate({ a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point }) {
    const wide = isInteger(a.dtype) ? "i32" : "f64";
    const sums = multiply(
      shifted({ ...a, shape: leftShape(a.shape) }, a_zero_point, "row", wide),
      shifted({ ...b, shape: rightShape(b.shape) }, b_zero_point, "column", wide),
    );
    const { dtype } = y_zero_point;
    const data = allocate(dtype, sums.data.length) as NumberArray;
    const [scaleA, scaleB] = [numbers(a_scale), numbers(b_scale)];
    const [[scaleY], [zeroY]] = [numbers(y_scale), numbers(y_zero_point)];
    const strides = [
      broadcastStrides(parameterShape(a_scale.shape, "row"), sums.shape),
      broadcastStrides(b_scale.shape, sums.shape),
    ];
    eachIndex(sums.shape, strides, (i, [p, q]) => {
      const factor = ((scaleA[p as number] as number) * (scaleB[q as number] as number)) / (scaleY as number);
      data[i] = saturated(dtype, Number(sums.data[i]) * factor, zeroY as number, toElement);
    });
    return [{ dtype, shape: vectorless(sums.shape, a, b), data }];
  },

  lower({ a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point }, _, l) {
    const y = l.output(0);
    const integer = isInteger(tensorOf(a).dtype);
    const sums = l.temporary(integer ? "i32" : "f32", shapeOf(y));
    multiplyQuantized(l, { a, b, aZero: a_zero_point, bZero: b_zero_point }, sums);
    const extents = matrixShape(a, b, shapeOf(y));
    l.call("ops::requantize", [
      read(sums),
      rust("None"),
      dims([]),
      struct("ops::Scales", [
        ["a", read(a_scale)],
        ["a_shape", dims(parameterShape(shapeOf(a_scale), "row"))],
        ["b", read(b_scale)],
        ["b_shape", dims(shapeOf(b_scale))],
        ["y", read(y_scale)],
      ]),
      readOption(y_zero_point),
      bool(isInteger(tensorOf(y).dtype)),
      write(y),
      dims(extents),
    ]);
  },

  macs: ({ a }, _, [y]) => mul(product(shapeOf(y as Value)), shapeOf(a).at(-1) as Dim),
});

/** The product's extents without the axes that vectors lack. */
const vectorless = (shape: readonly number[], a: Tensor, b: Tensor): readonly number[] => [
  ...shape.slice(0, -2),
  ...(a.shape.length > 1 ? [shape.at(-2) as number] : []),
  ...(b.shape.length > 1 ? [shape.at(-1) as number] : []),
];
