/** Which version of an operator an imported opset means. */
import type { AnyOpDef } from "../ir/op_def.ts";

/** The newest opset of each domain whose operators are known here: ONNX 1.23. */
const newest: ReadonlyMap<string, number> = new Map([
  ["", 28],
  ["ai.onnx.ml", 5],
  ["ai.onnx.preview", 1],
  ["ai.onnx.preview.training", 1],
  ["ai.onnx.training", 1],
  ["com.microsoft", 1],
]);

export const newestOpset = (domain: string): number => newest.get(domain) ?? 0;

/** The highest `since` that is not above `opset`: that version of the operator is in force. */
export const resolveVersion = (def: AnyOpDef, opset: number): number | undefined =>
  def.onnx?.since.findLast((v) => v <= opset);
