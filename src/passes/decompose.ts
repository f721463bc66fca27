/**
 * Operators without a kernel of their own are written in terms of others, by the decomposition in their own file, until
 * only operators with a kernel are left.
 */

import { named } from "../ir/op_def.ts";
import type { Pass } from "./pass.ts";
import { rewriteToFixpoint } from "./rewrite.ts";

export const decompose: Pass = {
  name: "decompose",
  summary: "operators without a kernel become operators with one",
  optional: false,
  run: (program) =>
    rewriteToFixpoint(program, ({ op, builder }) => {
      if (op.def.lower || !op.def.decompose) return undefined;
      return op.def.decompose(named(op.def.inputs, op.inputs), op.attrs, builder, op.outputs, op.regions);
    }),
};
