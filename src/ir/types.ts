/** Types of IR values: tensors of static rank with possibly symbolic extents, and ONNX's sequences, optionals and maps. */
import { type Dim, dimText, product, sameDim, sameDims, symbol } from "./dim.ts";
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

export const tensorType = (dtype: DType, shape: readonly Dim[] | undefined): TensorType => ({
  kind: "tensor",
  dtype,
  shape,
});
export const sequenceType = (element: Type): SequenceType => ({ kind: "sequence", element });
export const optionalType = (element: Type): OptionalType => ({ kind: "optional", element });

/** An extent that may differ between the elements of a sequence: stands only in element types. */
export const anyExtent: Dim = symbol("?");

/**
 * The type that covers both, for results of branches and elements of sequences: extents that differ become `differing()`,
 * ranks that differ an unknown rank; an optional and what it may hold become an optional. Undefined where dtypes or kinds
 * differ otherwise.
 */
export function unify(a: Type, b: Type, differing: () => Dim): Type | undefined {
  if (a.kind === "tensor" && b.kind === "tensor") {
    if (a.dtype !== b.dtype) return undefined;
    if (a.shape === undefined || b.shape === undefined || a.shape.length !== b.shape.length)
      return tensorType(a.dtype, undefined);
    return tensorType(
      a.dtype,
      a.shape.map((d, i) => (sameDim(d, (b.shape as readonly Dim[])[i] as Dim) ? d : differing())),
    );
  }
  if (a.kind === "map" && b.kind === "map") {
    const value = a.key === b.key ? unify(a.value, b.value, () => anyExtent) : undefined;
    return value && { kind: "map", key: a.key, value };
  }
  if ((a.kind === "sequence" && b.kind === "sequence") || (a.kind === "optional" && b.kind === "optional")) {
    const element = unify(a.element, b.element, () => anyExtent);
    return element && { kind: a.kind, element };
  }
  if (a.kind === "optional" || b.kind === "optional") return optionalOf(a, b);
  return undefined;
}

/** The optional type that covers an optional and a value. */
function optionalOf(a: Type, b: Type): Type | undefined {
  const [holder, held] = a.kind === "optional" ? [a, b] : [b, a];
  const element = holder.kind === "optional" && unify(holder.element, asElement(held), () => anyExtent);
  return element ? optionalType(element) : undefined;
}

/** A type as that of an element: symbols, which are sizes of one value, become any extent. */
export function asElement(t: Type): Type {
  if (t.kind !== "tensor") return t;
  return tensorType(
    t.dtype,
    t.shape?.map((d) => (typeof d === "number" ? d : anyExtent)),
  );
}

/** An element's type as that of a value: any extent becomes `fresh()`. */
export function fromElement(t: Type, fresh: () => Dim): Type {
  if (t.kind !== "tensor") return t;
  return tensorType(
    t.dtype,
    t.shape?.map((d) => (sameDim(d, anyExtent) ? fresh() : d)),
  );
}

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
