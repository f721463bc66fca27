/**
 * The bits of each element read as another type of the same width.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__BitCast.html
 */
import { attr, required } from "../ir/attr.ts";
import { readPacked, writePacked } from "../ir/bits.ts";
import { bitsOf, type DType, dtypes, kindOf } from "../ir/dtype.ts";
import { tensorOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { read, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { dtypeIn } from "./elementwise.ts";
import { shapeIn } from "./shape_rules.ts";

/** ONNX also lists complex numbers, which nothing else here computes with. */
const plain: readonly DType[] = dtypes.filter((d) => kindOf(d) !== "complex" && d !== "string");

export const bitCast = defineOp({
  name: "bit_cast",
  summary: "Bits read as another type.",
  onnx: { type: "BitCast", since: [26] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { to: attr.dtype(required) },
  error: "exact",

  infer({ input }, { to }, ctx) {
    const from = dtypeIn(input, "input", plain, ctx);
    if (!plain.includes(to) || bitsOf(from) !== bitsOf(to))
      ctx.fail("E0202", { name: "to", value: to, expected: `a type of ${bitsOf(from)} bits, as ${from}` });
    return [tensorType(to, shapeIn(input, "input", ctx))];
  },

  evaluate({ input }, { to }) {
    return [readPacked(to, input.shape, writePacked(input))];
  },

  lower({ input }, { to }, l) {
    if (tensorOf(input).dtype === to) l.view(input, l.output(0));
    else l.call("ops::bit_cast", [read(input), write(l.output(0))]);
  },
});
