/**
 * A matrix with ones on a diagonal, of the extents of another: `y[i, i + k] = 1`, else 0.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__EyeLike.html
 */
import { attr, optional } from "../ir/attr.ts";
import type { DType } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { int, shape, write } from "../ir/plan.ts";
import { tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dtypeIn, numeric } from "./elementwise.ts";
import { ranked } from "./shape_rules.ts";

const dtypes: readonly DType[] = [...numeric, "bool"];

export const eyeLike = defineOp({
  name: "eye_like",
  summary: "Ones on a diagonal.",
  onnx: { type: "EyeLike", since: [9, 22] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { dtype: attr.dtype(optional), k: attr.int(0) },
  error: "exact",

  infer({ input }, { dtype }, ctx) {
    const own = dtypeIn(input, "input", dtypes, ctx);
    if (dtype && !dtypes.includes(dtype))
      return ctx.fail("E0202", { name: "dtype", value: dtype, expected: dtypes.join(", ") });
    return [tensorType(dtype ?? own, ranked(input, 2, "input", ctx))];
  },

  evaluate({ input }, { k }, { outputs }) {
    const { dtype } = tensorOf(outputs[0] as Value);
    const [rows, columns] = input.shape as [number, number];
    const ones = Array.from({ length: rows * columns }, (_, i) => {
      const row = Math.floor(i / columns);
      return i - row * columns === row + k ? 1 : 0;
    });
    return [tensor(dtype, input.shape, ones)];
  },

  lower(_, { k }, l) {
    const y = l.output(0);
    l.call("ops::eye", [shape(y), int(Math.max(-(2 ** 53), Math.min(2 ** 53, k))), write(y)]);
  },
});
