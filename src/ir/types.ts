/** Types of IR values: tensors of static rank with possibly symbolic extents, and ONNX's sequences, optionals and maps. */
import { type Dim, dimText, product, sameDims } from "./dim.ts";
import type { DType } from "./dtype.ts";

export interface TensorType {
  readonly kind: "tensor";
  readonly dtype: DType;
  /** Extents, outermost first; `undefined` where not even the rank is known (elements of some sequences). */
  readonly shape: readonly Dim[] | undefined;
}
export interface SequenceType {
  readonly kind: "sequence";
  readonly element: Type;
}
export interface OptionalType {
  readonly kind: "optional";
  readonly element: Type;
}
export interface MapType {
  readonly kind: "map";
  readonly key: DType;
  readonly value: Type;
}
export type Type = TensorType | SequenceType | OptionalType | MapType;

export const tensorType = (dtype: DType, shape: readonly Dim[] | undefined): TensorType => ({ kind: "tensor", dtype, shape });
export const sequenceType = (element: Type): SequenceType => ({ kind: "sequence", element });
export const optionalType = (element: Type): OptionalType => ({ kind: "optional", element });

/** Number of elements. */
export const numel = (t: TensorType & { shape: readonly Dim[] }): Dim => product(t.shape);

export function sameType(a: Type, b: Type): boolean {
  switch (a.kind) {
    case "tensor":
      if (b.kind !== "tensor" || a.dtype !== b.dtype) return false;
      if (a.shape === undefined || b.shape === undefined) return a.shape === b.shape;
      return sameDims(a.shape, b.shape);
    case "map":
      return b.kind === "map" && a.key === b.key && sameType(a.value, b.value);
    default:
      return b.kind === a.kind && sameType(a.element, b.element);
  }
}

/** As in the IR's text form: `f32[N, 3]`, `i64[]`, `f32[*]` (unknown rank), `seq(f32[*])`. */
export function typeText(t: Type): string {
  switch (t.kind) {
    case "tensor":
      return `${t.dtype}[${t.shape === undefined ? "*" : t.shape.map(dimText).join(", ")}]`;
    case "sequence":
      return `seq(${typeText(t.element)})`;
    case "optional":
      return `optional(${typeText(t.element)})`;
    case "map":
      return `map(${t.key}, ${typeText(t.value)})`;
  }
}
