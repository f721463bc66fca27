/** ONNX types as IR types, and what of a declared type contradicts an inferred one. */
import { fail } from "../diagnostics/report.ts";
import type { Dim } from "../ir/dim.ts";
import { anyExtent, asElement, type Type, tensorType } from "../ir/types.ts";
import type { OnnxType } from "./onnx_model.ts";

/** `dim(name, axis)` answers for extents that are no number. Elements of sequences keep only fixed extents. */
export function importType(type: OnnxType, dim: (name: string | undefined, axis: number) => Dim): Type {
  switch (type.kind) {
    case "tensor":
    case "sparse":
      return tensorType(
        type.dtype,
        type.shape?.map((d, axis) => (typeof d === "number" ? d : dim(d, axis))),
      );
    case "sequence":
    case "optional":
      if (!type.element) fail("E0161", { value: "", what: `element type of its ${type.kind}` });
      return { kind: type.kind, element: elementType(type.element, dim) };
    case "map":
      if (!type.value) fail("E0161", { value: "", what: "value type of its map" });
      return { kind: "map", key: type.key, value: importType(type.value, dim) };
  }
}

/** Elements of a sequence need not agree in extents, so a symbol there names nothing. */
function elementType(type: OnnxType, dim: (name: string | undefined, axis: number) => Dim): Type {
  return asElement(importType(type, type.kind === "tensor" ? () => anyExtent : dim));
}

export interface Contradiction {
  readonly kind: "dtype" | "shape";
  readonly declared: string;
}

export function contradiction(declared: OnnxType, inferred: Type): Contradiction | undefined {
  if (declared.kind !== "tensor" || inferred.kind !== "tensor") return undefined;
  const text = `${declared.dtype}[${declared.shape?.map((d) => d ?? "?").join(", ") ?? "*"}]`;
  if (declared.dtype !== inferred.dtype) return { kind: "dtype", declared: text };
  const { shape } = inferred;
  if (!declared.shape || !shape) return undefined;
  const differs =
    declared.shape.length !== shape.length ||
    declared.shape.some((d, i) => typeof d === "number" && typeof shape[i] === "number" && d !== shape[i]);
  return differs ? { kind: "shape", declared: text } : undefined;
}
