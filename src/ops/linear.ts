/**
 * `y[…, n] = act(Σₖ x[…, k] · w[k, n] + bias[n] + residual[…, n])` with constant `w`, packed when compiling. An operator of
 * the IR's own: what MatMul and Gemm with a constant right operand become.
 *
 * Error, before the activation: ≤ (K + 2)·ε·(Σ|x·w| + |bias|), ε = 2⁻²⁴ (Higham 2002, §3.1).
 */
import { type Activation, applyActivation, identity } from "../ir/activation.ts";
import { attr } from "../ir/attr.ts";
import { type Dim, product, sameDim } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, pool, read, type Table, table, write } from "../ir/plan.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { epilogueArg } from "./epilogue.ts";
import { ranked, shapeIn } from "./shape_rules.ts";

export const linear = defineOp({
  name: "linear",
  summary: "Matrix product with constant weights, bias, residual and activation.",
  inputs: { x: "required", w: "required", bias: "optional", residual: "optional" },
  outputs: { y: "required" },
  attrs: {
    activation: attr.internal<Activation>(identity),
    /** The residual is added behind the activation instead of before it. */
    residual_last: attr.internal(false),
  },

  infer({ x, w }, _, ctx) {
    const extents = shapeIn(x, "x", ctx);
    const [k, n] = ranked(w, 2, "w", ctx) as [Dim, Dim];
    const last = extents.at(-1) ?? ctx.fail("E0201", { what: "rank of x", expected: "at least 1", found: 0 });
    if (!sameDim(last, k) && typeof last === "number")
      ctx.fail("E0201", { what: "rows of w", expected: last, found: String(k) });
    return [tensorType("f32", [...extents.slice(0, -1), n])];
  },

  evaluate({ x, w, bias, residual }, { activation, residual_last }) {
    const [k, n] = w.shape as [number, number];
    const m = sizeOf(x.shape) / Math.max(1, k);
    const y = new Float32Array(m * n);
    const [a, b, c, r] = [x, w, bias, residual].map((t) => t?.data as Float32Array | undefined);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = c?.[j] ?? 0;
        for (let p = 0; p < k; p++) sum += (a?.[i * k + p] as number) * (b?.[p * n + j] as number);
        const extra = r?.[i * n + j] ?? 0;
        y[i * n + j] = residual_last
          ? applyActivation(activation, sum) + extra
          : applyActivation(activation, sum + extra);
      }
    return [{ dtype: "f32", shape: [...x.shape.slice(0, -1), n], data: y } satisfies Tensor];
  },

  lower({ x, w, bias, residual }, attrs, l) {
    const [k, n] = shapeOf(w) as [number, number];
    const m = product(shapeOf(x).slice(0, -1));
    l.call("linear", [
      pool,
      dim(m),
      dim(k),
      dim(n),
      read(x),
      table(panels(w, k, n)),
      epilogueArg(bias, residual, attrs),
      write(l.output(0)),
    ]);
  },

  error: "≤ (K + 2)·ε·Σ|x·w|",
  macs: ({ x, w }) => product([...shapeOf(x).slice(0, -1), ...shapeOf(w)]),
});

/** `packed[(j / 16 · k + p) · 16 + j % 16] = w[p][j]`, the last panel padded with zeros: as `gemm::pack_b`. */
export function panels(w: Value, k: number, n: number): Table {
  const width = 16;
  const count = Math.ceil(n / width);
  return {
    key: w.name,
    dtype: "f32",
    length: count * k * width,
    make() {
      const from = (w.literal as NonNullable<Value["literal"]>).load().data as Float32Array;
      const to = new Float32Array(count * k * width);
      for (let panel = 0; panel < count; panel++) {
        const columns = Math.min(width, n - panel * width);
        for (let p = 0; p < k; p++)
          to.set(from.subarray(p * n + panel * width, p * n + panel * width + columns), (panel * k + p) * width);
      }
      return to;
    },
  };
}
