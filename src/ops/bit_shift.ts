/**
 * `x` shifted by `y` bits, with broadcasting; a shift by the width or more gives 0.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__BitShift.html
 */
import { attr, required } from "../ir/attr.ts";
import { bitsOf } from "../ir/dtype.ts";
import { defineOp } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { inferBroadcast } from "./binary.ts";
import { lowerBinary, mapElements, unsignedIntegers, widthOf } from "./elementwise.ts";

export const bitShift = defineOp({
  name: "bit_shift",
  summary: "Bits moved left or right.",
  onnx: { type: "BitShift", since: [11] },
  inputs: { x: "required", y: "required" },
  outputs: { z: "required" },
  attrs: { direction: attr.oneOf(["LEFT", "RIGHT"], required) },
  error: "exact",

  infer({ x, y }, _, ctx) {
    const { dtype, shape } = inferBroadcast([x, y], unsignedIntegers, ctx);
    return [tensorType(dtype, shape)];
  },

  evaluate({ x, y }, { direction }) {
    const bits = BigInt(bitsOf(x.dtype));
    const shift = (v: bigint, by: bigint): bigint => (by >= bits ? 0n : direction === "LEFT" ? v << by : v >> by);
    return [mapElements(x.dtype, [x, y], (v, by) => shift(BigInt(v), BigInt(by)))];
  },

  lower({ x, y }, { direction }, l) {
    const op = direction === "LEFT" ? "<<" : ">>";
    lowerBinary(l, [x, y], l.output(0), (wide) => `if b < ${widthOf(wide)} { a ${op} b } else { 0 }`);
  },
});
