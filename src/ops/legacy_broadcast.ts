/**
 * Broadcasting before opset 7: operands had the same shape unless `broadcast` was 1; then the second was aligned with the
 * first at `axis`, or at the last axes where none was given (which is what NumPy's rule does, too).
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Add.html, version 6.
 */
import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import type { ImportNode } from "../ir/op_def.ts";
import { reshape } from "./reshape.ts";

const rankOf = (v: Value | undefined): number | undefined =>
  v?.type.kind === "tensor" ? v.type.shape?.length : undefined;

/** `v` with `ones` axes of extent 1 behind its own. */
export function withTrailingOnes(v: Value, rank: number, ones: number, b: Builder): Value {
  // 0 keeps the extent of the input's axis.
  const wanted = [...new Array<number>(rank).fill(0), ...new Array<number>(ones).fill(1)];
  return ones > 0 ? b.emit(reshape, { data: v, shape: b.int64s(wanted) }) : v;
}

/** The node without `axis` and `broadcast`, its second operand shaped so that NumPy's rule aligns it. */
export function alignOperands(node: ImportNode, b: Builder): ImportNode {
  const axis = node.attributes.find((a) => a.name === "axis");
  const rest = { ...node, attributes: node.attributes.filter((a) => a.name !== "axis" && a.name !== "broadcast") };
  const [first, second] = node.inputs;
  const [rank, inner] = [rankOf(first), rankOf(second)];
  if (axis?.kind !== "int" || !second || rank === undefined || inner === undefined) return rest;
  const at = Number(axis.value) + (axis.value < 0n ? rank : 0);
  const ones = Math.max(0, rank - inner - at);
  return { ...rest, inputs: [first, withTrailingOnes(second, inner, ones, b)] };
}

/** As `adapt` of operators whose version 7 brought NumPy's broadcasting. */
export const sinceSeven = (node: ImportNode, version: number, b: Builder): ImportNode =>
  version < 7 ? alignOperands(node, b) : node;
