/** An `if` whose condition is a constant becomes its branch. */
import type { Func } from "../ir/graph.ts";
import { ifOp } from "../ops/if.ts";
import type { Pass } from "./pass.ts";
import { rewriteToFixpoint } from "./rewrite.ts";

export const inlineBranches: Pass = {
  name: "inline-branches",
  summary: "an if with a constant condition becomes its branch",
  optional: true,
  run: (program) =>
    rewriteToFixpoint(program, ({ op, builder }) => {
      const condition = op.def === ifOp ? op.inputs[0]?.literal : undefined;
      if (!condition) return undefined;
      const branch = op.regions[condition.load().data[0] ? 0 : 1] as Func;
      builder.ops.push(...branch.ops);
      return branch.outputs;
    }),
};
