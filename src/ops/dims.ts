/**
 * An integer vector (or scalar) of sizes: what is left of shape arithmetic whose results are known as expressions.
 * An operator of the IR's own, made by `resolve-shapes`.
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { defineOp } from "../ir/op_def.ts";
import { write } from "../ir/plan.ts";
import { tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";

export const dims = defineOp({
  name: "dims",
  summary: "An integer vector of sizes.",
  inputs: {},
  outputs: { output: "required" },
  attrs: {
    values: attr.internal<readonly Dim[]>([]),
    dtype: attr.internal<DType>("i64"),
    /** A scalar of the one value. */
    scalar: attr.internal(false),
  },

  infer(_, { values, dtype, scalar }) {
    return [{ type: tensorType(dtype, scalar ? [] : [values.length]), contents: values }];
  },

  evaluate(_, { values, dtype, scalar }, ctx) {
    return [
      tensor(
        dtype,
        scalar ? [] : [values.length],
        values.map((d) => ctx.size(d)),
      ),
    ];
  },

  lower(_, { values }, l) {
    l.call("write_dims", [{ kind: "integers", dims: values }, write(l.output(0))]);
  },
});
