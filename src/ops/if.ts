/**
 * One of two graphs, by a condition. Results whose extents differ between the branches have sizes that the run tells;
 * whose ranks differ, an unknown rank.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__If.html
 */

import type { Func, Value } from "../ir/graph.ts";
import { type AnyOpDef, defineOp } from "../ir/op_def.ts";
import type { Lowering, Step } from "../ir/plan.ts";
import { type Type, typeText, unify } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { bindings, copyValue } from "./copy_value.ts";
import { refuse } from "./refuse.ts";

export const ifOp = defineOp({
  name: "if",
  summary: "One of two graphs, by a condition.",
  onnx: { type: "If", since: [1, 11, 13, 16, 19, 21, 23, 24, 25] },
  inputs: { cond: "required" },
  outputs: { outputs: "variadic" },
  attrs: {},
  regions: {
    names: ["then_branch", "else_branch"],
    chosen({ cond }) {
      const [known] = contentsIn(cond) ?? [];
      return typeof known === "number" ? (known ? "then_branch" : "else_branch") : undefined;
    },
    build(_, __, ctx) {
      const [then, otherwise] = [ctx.attempt("then_branch", []), ctx.attempt("else_branch", [])];
      if ("refused" in then && "refused" in otherwise) throw then.error;
      // A branch that cannot work with these sizes is an error when it is taken, and none before.
      return { regions: [then, otherwise].map((f) => ("refused" in f ? ctx.refusal(f.refused) : f)) };
    },
  },

  infer({ cond }, _, ctx) {
    if (cond.type.kind !== "tensor" || cond.type.dtype !== "bool")
      ctx.fail("E0203", { what: "cond", found: typeText(cond.type), expected: "bool" });
    const [then, otherwise] = ctx.regions as [Func, Func];
    if (refuses(then) || refuses(otherwise)) return (refuses(then) ? otherwise : then).outputs.map((v) => v.type);
    if (then.outputs.length !== otherwise.outputs.length)
      ctx.fail("E0201", {
        what: "results of else_branch",
        expected: then.outputs.length,
        found: otherwise.outputs.length,
      });
    return then.outputs.map((a, i): Type => {
      const b = otherwise.outputs[i] as Value;
      return (
        unify(a.type, b.type, () => ctx.fresh()) ??
        ctx.fail("E0201", { what: `result ${i} of else_branch`, expected: typeText(a.type), found: typeText(b.type) })
      );
    });
  },

  evaluate({ cond }, _, ctx) {
    const [then, otherwise] = ctx.regions as [Func, Func];
    return ctx.run(cond.data[0] ? then : otherwise, []);
  },

  lower({ cond }, _, l) {
    const [then, otherwise] = l.op.regions as [Func, Func];
    l.step({ kind: "if", op: l.op, condition: cond, then: branch(then, l), else: branch(otherwise, l) });
  },
});

const refuses = (f: Func): boolean => f.ops[0]?.def === (refuse as AnyOpDef);

/** The branch's steps, then its results copied to where both branches leave them. */
function branch(f: Func, l: Lowering): readonly Step[] {
  const owned = new Set(l.op.fresh);
  return l.within(() => {
    for (const step of l.region(f)) l.step(step);
    const bound = f.outputs.flatMap((v, i) => (l.outputs[i] ? bindings(v, l.outputs[i], owned) : []));
    if (bound.length > 0) l.step({ kind: "bind", op: l.op, bindings: bound });
    f.outputs.forEach((v, i) => {
      const to = l.outputs[i];
      if (to) copyValue(l, v, to, new Set());
    });
  });
}
