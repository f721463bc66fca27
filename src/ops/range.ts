/**
 * `y[i] = start + i · delta` for `i < max(0, ⌈(limit − start) / delta⌉)`. Floats are computed in f64 and rounded once,
 * so `stash_type` makes no difference. A delta of 0 is an error.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Range.html
 */
import { attr } from "../ir/attr.ts";
import type { Dim } from "../ir/dim.ts";
import * as dim from "../ir/dim.ts";
import { type DType, isInteger } from "../ir/dtype.ts";
import type { Contents, Value } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { read, write } from "../ir/plan.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn, isNonNegative } from "./contents.ts";
import { dtypeIn, ieeeFloats } from "./elementwise.ts";
import { toElement } from "./numeric.ts";
import { sameDType, shapeIn } from "./shape_rules.ts";

const dtypes: readonly DType[] = [...ieeeFloats, "i16", "i32", "i64"];

export const range = defineOp({
  name: "range",
  summary: "Evenly spaced numbers.",
  onnx: { type: "Range", since: [11, 27] },
  inputs: { start: "required", limit: "required", delta: "required" },
  outputs: { output: "required" },
  attrs: { stash_type: attr.int(1) },
  error: "correctly rounded",

  infer({ start, limit, delta }, { stash_type }, ctx) {
    const operands = [start, limit, delta];
    for (const v of operands) checkScalar(v, ctx);
    const dtype = sameDType(operands, ctx);
    if (stash_type !== 1 && stash_type !== 11)
      return ctx.fail("E0202", { name: "stash_type", value: stash_type, expected: "1 (float) or 11 (double)" });
    const count = countOf(operands, dtype, ctx);
    const type = tensorType(dtype, [count]);
    const contents = elements(operands, dtype, count);
    return [contents ? { type, contents } : type];
  },

  evaluate({ start, limit, delta }) {
    const { dtype } = start;
    const [first, end, step] = [start, limit, delta].map(only) as [number | bigint, number | bigint, number | bigint];
    if (Number(step) === 0) throw new RangeError("delta is 0");
    if (typeof first === "bigint" && typeof end === "bigint" && typeof step === "bigint") {
      const count = lengthOf(Number(first), Number(end), Number(step));
      return [
        tensor(
          dtype,
          [count],
          Array.from({ length: count }, (_, i) => BigInt.asIntN(64, first + BigInt(i) * step)),
        ),
      ];
    }
    const count = lengthOf(Number(first), Number(end), Number(step));
    if (!Number.isSafeInteger(count)) throw new RangeError("the number of elements is not finite");
    const values = Array.from({ length: count }, (_, i) => toElement(dtype, Number(first) + i * Number(step)));
    return [tensor(dtype, [count], values)];
  },

  lower({ start, limit, delta }, _, l) {
    if (l.op.fresh.length > 0)
      l.call("ops::range_length", [read(start), read(limit), read(delta)], { fallible: true, binds: true });
    l.call("ops::range", [read(start), read(delta), write(l.output(0))]);
  },
});

const only = (t: Tensor): number | bigint => t.data[0] as number | bigint;
const lengthOf = (start: number, limit: number, delta: number): number =>
  Math.max(0, Math.ceil((limit - start) / delta)) + 0;

function checkScalar(v: Value, ctx: InferContext): void {
  dtypeIn(v, `%${v.name}`, dtypes, ctx);
  const count = dim.product(shapeIn(v, `%${v.name}`, ctx));
  if (count !== 1) ctx.fail("E0201", { what: `elements of %${v.name}`, expected: 1, found: dim.dimText(count) });
}

/** The one element of an operand, where it is known; floats only of constants. */
function known(v: Value): Dim | undefined {
  if (v.literal && !isInteger(v.literal.dtype)) return Number(v.literal.load().data[0]);
  return contentsIn(v)?.[0];
}

function countOf(operands: readonly Value[], dtype: DType, ctx: InferContext): Dim {
  const [start, limit, delta] = operands.map(known);
  if (delta === 0) ctx.fail("E0201", { what: "delta", expected: "a number other than 0", found: 0 });
  if (start === undefined || limit === undefined || typeof delta !== "number") return ctx.fresh();
  if (typeof start === "number" && typeof limit === "number") {
    const count = lengthOf(start, limit, delta);
    if (Number.isSafeInteger(count)) return count;
    return ctx.fail("E0201", { what: "number of elements", expected: "finite", found: String(count) });
  }
  if (!isInteger(dtype)) return ctx.fresh();
  const span = delta > 0 ? dim.sub(limit, start) : dim.sub(start, limit);
  const count = dim.ceilDiv(span, Math.abs(delta));
  return isNonNegative(count) ? count : dim.max(0, count);
}

function elements(operands: readonly Value[], dtype: DType, count: Dim): Contents | undefined {
  const [start, , delta] = operands.map(known);
  if ((dtype !== "i64" && dtype !== "i32") || typeof count !== "number" || count > 256) return undefined;
  if (start === undefined || delta === undefined) return undefined;
  return Array.from({ length: count }, (_, i) => dim.add(start, dim.mul(i, delta)));
}
