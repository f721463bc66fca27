/** Values of a case as the arrays of a `.npz`, by position, and back. */
import type { OnnxModel, OnnxType } from "../../src/frontend/onnx_model.ts";
import { isTensor, type RuntimeValue, type Tensor } from "../../src/ir/tensor.ts";
import { asDeclared } from "../../src/tensorfile/element_types.ts";
import { entriesOf, valueAt } from "../../src/tensorfile/npz.ts";

export const toArrays = (values: readonly RuntimeValue[]): Map<string, Tensor> =>
  new Map(values.flatMap((v, i) => entriesOf(String(i), v)));

/** The model's outputs, narrow types told by the graph. */
export const fromArrays = (arrays: ReadonlyMap<string, Tensor>, model: OnnxModel): RuntimeValue[] =>
  model.graph.outputs.map((o, i) => declared(valueAt(arrays, String(i)), o.type));

function declared(value: RuntimeValue | undefined, type: OnnxType | undefined): RuntimeValue {
  if (value === undefined) return type?.kind === "sequence" ? { kind: "sequence", elements: [] } : null;
  if (isTensor(value)) return type?.kind === "tensor" ? asDeclared(value, type.dtype) : value;
  if (value === null || value.kind === "map") return value;
  const element = type?.kind === "sequence" ? type.element : undefined;
  return { kind: "sequence", elements: value.elements.map((e) => declared(e, element)) };
}
