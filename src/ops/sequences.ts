/** What operators over sequences and optionals share: types of elements and places in a sequence. Not an operator. */
import { tensorOf, type Value } from "../ir/graph.ts";
import type { InferContext } from "../ir/op_def.ts";
import { isTensor, numbers, type RuntimeSequence, type RuntimeValue, type Tensor } from "../ir/tensor.ts";
import { anyExtent, asElement, type TensorType, type Type, typeText, unify } from "../ir/types.ts";
import { indexTypes, wholeTypes } from "./type_sets.ts";

type Fail = Pick<InferContext, "fail">;

/** The type of the elements of a sequence of tensors; anything else is an error. */
export function elementIn(v: Value, what: string, ctx: Fail): TensorType {
  if (v.type.kind !== "sequence" || v.type.element.kind !== "tensor")
    return ctx.fail("E0201", { what, expected: "a sequence of tensors", found: typeText(v.type) });
  return wholeElement(v.type.element, what, ctx);
}

/** The type that `v`, a tensor, has as an element. */
export function asElementIn(v: Value, what: string, ctx: Fail): TensorType {
  const element = asElement(v.type);
  if (element.kind !== "tensor") return ctx.fail("E0201", { what, expected: "a tensor", found: typeText(v.type) });
  return wholeElement(element, what, ctx);
}

function wholeElement(t: TensorType, what: string, ctx: Fail): TensorType {
  if (!wholeTypes.includes(t.dtype)) ctx.fail("E0203", { what, found: t.dtype, expected: wholeTypes.join(", ") });
  return t;
}

/** The type of elements of either type. */
export function eitherElement(a: TensorType, b: TensorType, what: string, ctx: Fail): Type {
  return unify(a, b, () => anyExtent) ?? ctx.fail("E0203", { what, found: b.dtype, expected: a.dtype });
}

/** A place in a sequence: one i32 or i64. */
export function checkPosition(v: Value | undefined, ctx: Fail): void {
  if (!v) return;
  if (v.type.kind !== "tensor" || !indexTypes.includes(v.type.dtype))
    ctx.fail("E0203", { what: "position", found: typeText(v.type), expected: indexTypes.join(", ") });
  const { shape } = tensorOf(v);
  if (shape?.some((d) => typeof d === "number" && d !== 1))
    ctx.fail("E0201", { what: "position", expected: "one element", found: typeText(v.type) });
}

/** The elements of a sequence of tensors in the interpreter. */
export const elementsOf = (v: RuntimeValue | undefined): readonly Tensor[] =>
  (v as RuntimeSequence).elements as readonly Tensor[];

export const sequenceOf = (elements: readonly RuntimeValue[]): RuntimeSequence => ({ kind: "sequence", elements });

/** The place that `position` means among `places` of a sequence of `length`; the last where it is absent. */
export function placeOf(position: RuntimeValue | undefined, length: number, places: number): number {
  const given = isTensor(position) ? (numbers(position)[0] as number) : places - 1;
  const place = isTensor(position) && given < 0 ? given + length : given;
  if (place < 0 || place >= places) throw new RangeError(`position ${given} in a sequence of ${length} elements`);
  return place;
}
