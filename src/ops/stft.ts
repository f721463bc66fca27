/**
 * Fourier transforms of frames of a signal: `Y[b, f, k] = Σₙ window[n]·x[b, f·step + n]·e^(−2πikn/N)`.
 *
 * The length of a frame is `frame_length`, else that of the window, else that of the signal; frames that do not fit are left
 * out, and so are frequencies above N/2 if `onesided`. Everything is computed in f64 and rounded once.
 * Source: https://onnx.ai/onnx/operators/onnx__STFT.html
 */
import { attr } from "../ir/attr.ts";
import { add, type Dim, floorDiv, isStatic, sub, symbol } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { bool, dim, read, readOption, reference, rust, scratch, struct, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { fourierScratch, line, transform } from "./fourier.ts";
import { rounded } from "./recurrent_cell.ts";
import { ranked, sameDType, shapeIn, tensorIn } from "./shape_rules.ts";

const known = (v: Value | undefined): Dim | undefined => v?.contents?.[0];

/** Length of a frame; undefined where only the run knows it. */
function frameLength(signal: Value, window: Value | undefined, length: Value | undefined): Dim | undefined {
  if (length) return known(length);
  return (window ? shapeOf(window)[0] : shapeOf(signal)[1]) as Dim;
}

const binsOf = (onesided: boolean, n: Dim): Dim => (onesided ? add(floorDiv(n, 2), 1) : n);

export const stft = defineOp({
  name: "stft",
  summary: "Fourier transforms of frames of a signal.",
  onnx: { type: "STFT", since: [17] },
  inputs: { signal: "required", frame_step: "required", window: "optional", frame_length: "optional" },
  outputs: { output: "required" },
  attrs: { onesided: attr.bool(true) },
  error: "≤ 30·log₂N·2⁻⁵³·‖x‖ before rounding",

  infer({ signal, frame_step, window, frame_length }, { onesided }, ctx) {
    const dtype = sameDType([signal, window], ctx);
    if (!["f32", "f64", "f16", "bf16"].includes(dtype))
      ctx.fail("E0203", { what: "signal", found: dtype, expected: "f32, f64, f16, bf16" });
    const [batch, size, parts] = shapeIn(signal, "signal", ctx) as [Dim, Dim, Dim | undefined];
    const rank = shapeIn(signal, "signal", ctx).length;
    if (rank !== 2 && rank !== 3)
      ctx.fail("E0201", { what: "rank of signal", expected: "3, or 2 if real", found: rank });
    if (parts !== undefined && isStatic(parts) && parts !== 1 && parts !== 2)
      ctx.fail("E0201", { what: "last axis of signal", expected: "1 or 2", found: parts });
    if (parts === 2 && onesided) ctx.fail("E0202", { name: "onesided", value: 1, expected: "0 for a complex signal" });
    if (window) ranked(window, 1, "window", ctx);
    checkScalar(frame_step, "frame_step", ctx);
    if (frame_length) checkScalar(frame_length, "frame_length", ctx);
    const length = frameLength(signal, window, frame_length) ?? ctx.fresh();
    const step = known(frame_step);
    if (step !== undefined && isStatic(step) && step < 1)
      ctx.fail("E0201", { what: "frame_step", expected: "1 or more", found: step });
    if (isStatic(length) && isStatic(size) && (length > size || length < 1))
      ctx.fail("E0201", { what: "length of a frame", expected: `1 to ${size}, the signal's`, found: length });
    const needsRun = step === undefined || frameLength(signal, window, frame_length) === undefined;
    const frames = needsRun ? ctx.fresh() : add(floorDiv(sub(size, length), step), 1);
    return [tensorType(dtype, [batch, frames, binsOf(onesided, length), 2])];
  },

  evaluate({ signal, frame_step, window, frame_length }, { onesided }) {
    const [batch, size] = signal.shape as [number, number];
    const parts = signal.shape[2] ?? 1;
    const step = numbers(frame_step)[0] as number;
    const n = frame_length ? (numbers(frame_length)[0] as number) : (window?.shape[0] ?? size);
    if (step < 1 || n < 1 || n > size)
      throw new RangeError(`frames of ${n} values, ${step} apart, in a signal of ${size}`);
    const frames = Math.floor((size - n) / step) + 1;
    const bins = binsOf(onesided, n) as number;
    const [x, w] = [numbers(signal), window && numbers(window)];
    const y = new Float64Array(batch * frames * bins * 2);
    for (let f = 0; f < batch * frames; f++) {
      const l = line(n);
      const from = Math.floor(f / frames) * size + (f % frames) * step;
      for (let i = 0; i < n; i++) {
        const weight = w ? (w[i] ?? 0) : 1;
        l.re[i] = weight * (x[(from + i) * parts] as number);
        l.im[i] = parts === 2 ? weight * (x[(from + i) * 2 + 1] as number) : 0;
      }
      transform(l, false);
      for (let k = 0; k < bins; k++) y.set([l.re[k] as number, l.im[k] as number], (f * bins + k) * 2);
    }
    return [rounded(signal.dtype, [batch, frames, bins, 2], y)];
  },

  lower({ signal, frame_step, window, frame_length }, { onesided }, l) {
    const [batch, size, parts = 1] = shapeOf(signal) as [Dim, Dim, Dim | undefined];
    const found = frameLength(signal, window, frame_length);
    const length = found ?? symbol(l.op.fresh[0] as string);
    const y = l.output(0);
    if (l.op.fresh.length > 0) {
      const given = found === undefined ? read(frame_length as Value) : rust("&[0_i64; 0]");
      const args = [dim(size), read(frame_step), given, dim(found ?? 0)];
      l.call("ops::stft_extents", args, { fallible: true, binds: true });
    }
    const extents = reference(
      struct("ops::Stft", [
        ["batch", dim(batch)],
        ["signal", dim(size)],
        ["parts", dim(parts)],
        ["frames", dim(shapeOf(y)[1] as Dim)],
        ["length", dim(length)],
        ["onesided", bool(onesided)],
      ]),
    );
    const memory = scratch("f64", fourierScratch(length));
    l.call("ops::stft", [extents, read(signal), read(frame_step), readOption(window), write(y), memory], {
      fallible: true,
    });
  },
});

function checkScalar(v: Value, what: string, ctx: InferContext): void {
  const { dtype, shape } = tensorIn(v, what, ctx);
  if (dtype !== "i64" && dtype !== "i32") ctx.fail("E0203", { what, found: dtype, expected: "i64 or i32" });
  if ((shape?.length ?? 0) > 1) ctx.fail("E0201", { what: `rank of ${what}`, expected: 0, found: shape?.length ?? 0 });
}
