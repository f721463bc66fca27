/**
 * Weights that gather the frequencies of a transform into bands on the mel scale, `mel(f) = 2595·log₁₀(1 + f/700)`: band `b`
 * is a triangle that rises from edge `b` to 1 at edge `b + 1` and falls to edge `b + 2`, edges being evenly spaced in mel and
 * rounded down to frequencies. The result is `[dft_length / 2 + 1, num_mel_bins]`.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__MelWeightMatrix.html
 */
import { attr } from "../ir/attr.ts";
import { add, type Dim, floorDiv, isStatic } from "../ir/dim.ts";
import { isFloat, isInteger } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dim, read, rust, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { rounded } from "./recurrent_cell.ts";
import { tensorIn } from "./shape_rules.ts";

const known = (v: Value): Dim | undefined => v.contents?.[0];

export const melWeightMatrix = defineOp({
  name: "mel_weight_matrix",
  summary: "Weights that gather frequencies into bands on the mel scale.",
  onnx: { type: "MelWeightMatrix", since: [17] },
  inputs: {
    num_mel_bins: "required",
    dft_length: "required",
    sample_rate: "required",
    lower_edge_hertz: "required",
    upper_edge_hertz: "required",
  },
  outputs: { output: "required" },
  attrs: { output_datatype: attr.dtype("f32") },
  error: "exact but for the edges, which are rounded down from f64",

  infer(inputs, { output_datatype }, ctx) {
    for (const [what, v] of Object.entries(inputs)) {
      const { dtype, shape } = tensorIn(v, what, ctx);
      const fits = what.endsWith("hertz")
        ? ["f32", "f64", "f16", "bf16"].includes(dtype)
        : ["i32", "i64"].includes(dtype);
      if (!fits) ctx.fail("E0203", { what, found: dtype, expected: what.endsWith("hertz") ? "a float" : "i32 or i64" });
      if ((shape?.length ?? 0) > 1)
        ctx.fail("E0201", { what: `rank of ${what}`, expected: 0, found: shape?.length ?? 0 });
    }
    if (!isFloat(output_datatype) && !isInteger(output_datatype))
      ctx.fail("E0202", { name: "output_datatype", value: output_datatype, expected: "a number type" });
    const [bands, length] = [known(inputs.num_mel_bins), known(inputs.dft_length)];
    if ([bands, length].some((d) => d !== undefined && isStatic(d) && d < 0))
      ctx.fail("E0201", { what: "num_mel_bins and dft_length", expected: "0 or more", found: "a negative number" });
    // Both or neither: what the kernel reports does not depend on which of them is known.
    const extents =
      bands === undefined || length === undefined ? [ctx.fresh(), ctx.fresh()] : [add(floorDiv(length, 2), 1), bands];
    return [tensorType(output_datatype, extents)];
  },

  evaluate(inputs, { output_datatype }) {
    const [bands, length, rate, lower, upper] = Object.values(inputs).map((t) => numbers(t)[0] as number) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
    const step = (mel(upper) - mel(lower)) / (bands + 2);
    const bin = (edge: number): number =>
      Math.floor(((length + 1) * 700 * (10 ** ((edge * step + mel(lower)) / 2595) - 1)) / rate);
    const rows = Math.floor(length / 2) + 1;
    const y = new Float64Array(rows * bands);
    for (let band = 0; band < bands; band++) {
      const [left, centre, right] = [bin(band), bin(band + 1), bin(band + 2)];
      const set = (k: number, value: number): void => {
        if (k >= 0 && k < rows) y[k * bands + band] = value;
      };
      for (let k = left; k <= centre; k++) set(k, left === centre ? 1 : (k - left) / (centre - left));
      for (let k = centre; k < right; k++) set(k, (right - k) / (right - centre));
    }
    return [rounded(output_datatype, [rows, bands], y)];
  },

  lower(inputs, { output_datatype }, l) {
    const { num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz } = inputs;
    const y = l.output(0);
    if (l.op.fresh.length > 0)
      l.call("ops::mel_extents", [read(num_mel_bins), read(dft_length)], { fallible: true, binds: true });
    const wide = isInteger(tensorOf(y).dtype) || output_datatype === "f64" ? output_datatype : "f32";
    const numbersOf = [dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz].map(read);
    const bands = shapeOf(y)[1] as Dim;
    l.call("ops::mel_weight_matrix", [dim(bands), ...numbersOf, write(y), rust(`|x: f64| x as ${wide}`)]);
  },
});
