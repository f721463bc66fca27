/** Two operations of the same kind on the same inputs are one (common subexpressions). */
import type { Op, Value } from "../ir/graph.ts";
import { sizeOf } from "../ir/tensor.ts";
import type { Pass } from "./pass.ts";
import { rewriteOps } from "./rewrite.ts";

export const mergeCommon: Pass = {
  name: "merge-common",
  summary: "equal operations on equal inputs are done once",
  optional: true,
  run(program) {
    const ids = new Map<Value, number>();
    const seen = new Map<string, Op>();
    return rewriteOps(program, ({ op, nested }) => {
      if (op.def.pure === false || op.regions.length > 0) return undefined;
      const key = keyOf(op, ids);
      if (key === undefined) return undefined;
      const twin = seen.get(key);
      // What a region makes is not seen outside of it, so only operations of the main function serve as twins.
      if (!twin && !nested) seen.set(key, op);
      return twin && op.outputs.every((v, i) => !v || twin.outputs[i]) ? twin.outputs : undefined;
    });
  },
};

function keyOf(op: Op, ids: Map<Value, number>): string | undefined {
  const id = (v: Value | undefined): string => {
    if (!v) return "_";
    const constant = constantKey(v);
    if (constant !== undefined) return constant;
    const known = ids.get(v) ?? ids.size;
    ids.set(v, known);
    return String(known);
  };
  if (op.fresh.length > 0) return undefined;
  const attrs = JSON.stringify(op.attrs, (_, x: unknown) => (typeof x === "bigint" ? `${x}n` : x));
  if (Object.values(op.attrs).some((a) => typeof a === "object" && a !== null && "load" in a)) return undefined;
  return `${op.def.name}(${op.inputs.map(id).join(",")})${attrs}${op.outputs.map((o) => (o ? 1 : 0)).join("")}`;
}

/** Small constants are compared by content. */
function constantKey(v: Value): string | undefined {
  const { literal } = v;
  if (!literal || sizeOf(literal.shape) > 64) return undefined;
  return `${literal.dtype}[${literal.shape}]{${Array.from(literal.load().data as ArrayLike<unknown>, (x) => (Object.is(x, -0) ? "-0" : String(x))).join(",")}}`;
}
