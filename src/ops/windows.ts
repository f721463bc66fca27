/**
 * Window functions: `y[n] = a0 − a1 · cos(2πn / N) + a2 · cos(4πn / N)` for n = 0 … size − 1, where N is `size`, or
 * `size − 1` unless periodic. A row per operator.
 *
 * A symmetric window of size 1 divides by 0: NaN, as ONNX's function body gives. Computed in f64 and rounded to multiples
 * of 2⁻⁴⁰, so that ends and centre are exact 0 and 1; then to the type, integers truncating. Source: https://onnx.ai/onnx/operators/ under the operator's name.
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { bool, floats, read, write } from "../ir/plan.ts";
import { tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { converter } from "./convert.ts";
import { dtypeIn, numeric } from "./elementwise.ts";
import { shapeIn } from "./shape_rules.ts";

const window = (name: string, type: string, summary: string, [a0, a1, a2]: readonly [number, number, number]) =>
  defineOp({
    name,
    summary,
    onnx: { type, since: [17] },
    inputs: { size: "required" },
    outputs: { output: "required" },
    attrs: { output_datatype: attr.dtype("f32"), periodic: attr.bool(true) },
    error: "≤ 5e-13, then rounded once",

    infer({ size }, { output_datatype }, ctx) {
      dtypeIn(size, "size", ["i32", "i64"], ctx);
      const rank = shapeIn(size, "size", ctx).length;
      if (rank !== 0) return ctx.fail("E0201", { what: "rank of size", expected: 0, found: rank });
      if (!numeric.includes(output_datatype))
        return ctx.fail("E0202", { name: "output_datatype", value: output_datatype, expected: numeric.join(", ") });
      const count: Dim = contentsIn(size)?.[0] ?? ctx.fresh();
      if (typeof count === "number" && count < 0)
        return ctx.fail("E0201", { what: "size", expected: "0 or more", found: count });
      return [tensorType(output_datatype, [count])];
    },

    evaluate({ size }, { periodic }, { outputs }) {
      const count = Number(size.data[0]);
      const convert = converter("f64", tensorOf(outputs[0] as Value).dtype as DType);
      const step = (2 * Math.PI) / (periodic ? count : count - 1);
      const snap = (v: number): number => Math.round(v * 2 ** 40) / 2 ** 40;
      const at = (n: number): number => snap(a0 - a1 * Math.cos(n * step) + a2 * Math.cos(2 * n * step));
      const values = Array.from({ length: count }, (_, n) => convert(at(n)) as number);
      return [tensor(tensorOf(outputs[0] as Value).dtype, [count], values)];
    },

    lower({ size }, { periodic }, l) {
      if (l.op.fresh.length > 0) l.call("ops::scalar_extent", [read(size)], { fallible: true, binds: true });
      l.call("ops::cosine_window", [floats([a0, a1, a2], "f64"), bool(periodic), write(l.output(0))]);
    },
  });

export const hannWindow = window("hann_window", "HannWindow", "The Hann window.", [0.5, 0.5, 0]);
export const hammingWindow = window("hamming_window", "HammingWindow", "The Hamming window.", [25 / 46, 21 / 46, 0]);
export const blackmanWindow = window("blackman_window", "BlackmanWindow", "The Blackman window.", [0.42, 0.5, 0.08]);

export const windows = [hannWindow, hammingWindow, blackmanWindow];
