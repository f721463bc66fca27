/**
 * Integer tensors all of whose elements are known when compiling, as numbers or as expressions over sizes, no longer need
 * what computes them: `Shape → Gather → Mul → Concat` becomes one `dims [N, 3*H]`, or a constant.
 */
import { areStatic, type Dim } from "../ir/dim.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { tensor } from "../ir/tensor.ts";
import { dims } from "../ops/dims.ts";
import type { Pass } from "./pass.ts";
import { rewriteOps } from "./rewrite.ts";

export const resolveShapes: Pass = {
  name: "resolve-shapes",
  summary: "shape arithmetic with known results becomes constants or size expressions",
  optional: true,
  run: (program) =>
    rewriteOps(program, ({ op, builder }) => {
      const [y] = op.outputs;
      if (op.def === dims || op.outputs.length !== 1 || !y?.contents?.every((c): c is Dim => c !== undefined))
        return undefined;
      // A size that the operation itself mints is known only when it has run.
      if (op.fresh.length > 0 || op.def.pure === false || op.regions.length > 0) return undefined;
      return [known(y, y.contents as readonly Dim[], builder)];
    }),
};

function known(
  y: Value,
  contents: readonly Dim[],
  b: Parameters<Parameters<typeof rewriteOps>[1]>[0]["builder"],
): Value | undefined {
  const { dtype, shape } = tensorOf(y);
  if (areStatic(contents)) return b.constant(tensor(dtype, shape as number[], contents), y.name);
  return b.emit(dims, {}, { values: contents, dtype, scalar: shape?.length === 0 });
}
