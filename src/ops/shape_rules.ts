/** The shape arithmetic that many operators share. Everything that computes an extent is here or in an operator's `infer`. */
import { broadcast, type Dim, dimText, isStatic, sameDim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import type { Contents, Value } from "../ir/graph.ts";
import type { InferContext } from "../ir/op_def.ts";
import { type TensorType, typeText } from "../ir/types.ts";

type Fail = Pick<InferContext, "fail">;

/** The tensor type of an input; a sequence or optional there is an error. */
export function tensorIn(v: Value, what: string, ctx: Fail): TensorType {
  if (v.type.kind === "tensor") return v.type;
  return ctx.fail("E0201", { what, expected: "a tensor", found: typeText(v.type) });
}

/** The extents of an input, whose rank must be known. */
export function shapeIn(v: Value, what: string, ctx: Fail): readonly Dim[] {
  const { shape } = tensorIn(v, what, ctx);
  return shape ?? ctx.fail("E0205", { what: `the rank of ${what}` });
}

/** Shape of an input of exactly this rank. */
export function ranked(v: Value, rank: number, what: string, ctx: Fail): readonly Dim[] {
  const shape = shapeIn(v, what, ctx);
  if (shape.length !== rank) ctx.fail("E0201", { what: `rank of ${what}`, expected: rank, found: shape.length });
  return shape;
}

/** `axis` counted from the front; errors outside of −rank … rank − 1. `slack` 1 allows `rank` itself (Flatten, Unsqueeze). */
export function axisIn(axis: number, rank: number, ctx: Fail, slack = 0): number {
  if (axis < -rank - slack || axis >= rank + slack)
    ctx.fail("E0202", { name: "axis", value: axis, expected: `between ${-rank - slack} and ${rank + slack - 1}` });
  return axis < 0 ? axis + rank + slack : axis;
}

/** Distinct axes, counted from the front, in the given order. */
export function axesIn(axes: readonly number[], rank: number, ctx: Fail): number[] {
  const list = axes.map((a) => axisIn(a, rank, ctx));
  if (new Set(list).size !== list.length)
    ctx.fail("E0202", { name: "axes", value: axes.join(", "), expected: "distinct axes" });
  return list;
}

/** The common shape of arrays under NumPy's broadcasting; unknown rank if any has. */
export function broadcastShapes(
  shapes: readonly (readonly Dim[] | undefined)[],
  ctx: Fail,
): readonly Dim[] | undefined {
  let result: readonly Dim[] = [];
  for (const shape of shapes) {
    if (shape === undefined) return undefined;
    const rank = Math.max(result.length, shape.length);
    const previous: readonly Dim[] = result;
    result = Array.from({ length: rank }, (_, i) => {
      const a = previous[i - (rank - previous.length)] ?? 1;
      const b = shape[i - (rank - shape.length)] ?? 1;
      return (
        broadcast(a, b) ??
        ctx.fail("E0201", {
          what: "extents of operands",
          expected: `broadcastable to ${dimText(a)}`,
          found: dimText(b),
        })
      );
    });
  }
  return result;
}

/** Inputs must have the same element type. */
export function sameDType(values: readonly (Value | undefined)[], ctx: Fail): TensorType["dtype"] {
  const types = values.filter((v) => v !== undefined).map((v) => tensorIn(v, `%${v.name}`, ctx).dtype);
  const first = types[0] as TensorType["dtype"];
  for (const t of types) if (t !== first) ctx.fail("E0203", { what: "an operand", found: t, expected: first });
  return first;
}

/** The elements of a small integer tensor if all of them are known numbers. */
export function knownInts(contents: Contents | undefined): number[] | undefined {
  return contents?.every((c): c is number => typeof c === "number") ? [...contents] : undefined;
}

/** The extent that two axes have in common: the number where only one is known. Two different numbers are an error. */
export function agree(expected: Dim, found: Dim, what: string, ctx: Fail): Dim {
  if (sameDim(expected, found)) return expected;
  if (isStatic(expected) && isStatic(found)) ctx.fail("E0201", { what, expected, found });
  return isStatic(found) ? found : expected;
}

/** The element type of an input, which must be one of `allowed`. */
export function dtypeIn(v: Value, allowed: readonly DType[], what: string, ctx: Fail): DType {
  const { dtype } = tensorIn(v, what, ctx);
  return allowed.includes(dtype) ? dtype : ctx.fail("E0203", { what, found: dtype, expected: allowed.join(", ") });
}
