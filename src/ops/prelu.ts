/**
 * `y = x`, and `slope · x` below 0; the slope is broadcast to x's shape.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__PRelu.html
 */
import { dimText } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { tensorOf } from "../ir/graph.ts";
import { applyFn, constant, input } from "../ir/map_expr.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { inferBroadcast } from "./binary.ts";
import {
  ieeeFloats,
  isFloatType,
  isUnsignedType,
  lowerBinary,
  lowerMap,
  mapElements,
  wideType,
} from "./elementwise.ts";
import { withTrailingOnes } from "./legacy_broadcast.ts";
import { shapeIn } from "./shape_rules.ts";

const dtypes: readonly DType[] = [...ieeeFloats, "i32", "i64", "u32", "u64"];

export const prelu = defineOp({
  name: "prelu",
  summary: "x, times a slope below 0.",
  onnx: {
    type: "PRelu",
    since: [1, 6, 7, 9, 16],
    /** Before opset 7 a slope of more than one element had one for each channel, axis 1. */
    adapt(node, version, b) {
      const [x, slope] = node.inputs;
      if (version >= 7 || x?.type.kind !== "tensor" || slope?.type.kind !== "tensor") return node;
      const [rank, own] = [x.type.shape?.length ?? 0, slope.type.shape];
      if (own?.length !== 1 || own[0] === 1 || rank < 3) return node;
      return { ...node, inputs: [x, withTrailingOnes(slope, 1, rank - 2, b)] };
    },
  },
  inputs: { x: "required", slope: "required" },
  outputs: { y: "required" },
  attrs: {},
  error: "correctly rounded",

  infer({ x, slope }, _, ctx) {
    const { dtype, shape } = inferBroadcast([x, slope], dtypes, ctx);
    const own = shapeIn(x, "x", ctx);
    const wider = shape.length !== own.length || own.some((d, i) => typeof d === "number" && d !== shape[i]);
    if (wider)
      ctx.fail("E0201", {
        what: "shape of slope",
        expected: `broadcastable to [${own.map(dimText).join(", ")}]`,
        found: `[${shapeIn(slope, "slope", ctx).map(dimText).join(", ")}]`,
      });
    return [tensorType(dtype, own)];
  },

  evaluate({ x, slope }) {
    const negative = (v: number | bigint): boolean => v < 0;
    return [
      mapElements(x.dtype, [x, slope], (v, s) => {
        if (typeof v === "bigint" && typeof s === "bigint") return negative(v) ? v * s : v;
        return negative(Number(v)) ? Number(v) * Number(s) : v;
      }),
    ];
  },

  lower({ x, slope }, _, l) {
    const y = l.output(0);
    if (tensorOf(x).dtype === "f32") {
      const product = applyFn("mul", input(0), input(1));
      return lowerMap(l, applyFn("ifLess", input(0), constant(0), product, input(0)), [x, slope], y);
    }
    // Nothing unsigned is below 0.
    if (isUnsignedType(wideType(tensorOf(x).dtype))) return l.view(x, y);
    lowerBinary(l, [x, slope], y, (wide) =>
      isFloatType(wide) ? "if a < 0.0 { a * b } else { a }" : "if a < 0 { a.wrapping_mul(b) } else { a }",
    );
  },
});
