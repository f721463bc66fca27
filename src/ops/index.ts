/** All operators. Adding one is its file and its line here. */
import type { AnyOpDef } from "../ir/op_def.ts";
import { attention } from "./attention.ts";
import { conv } from "./conv.ts";
import { convInteger } from "./conv_integer.ts";
import { convTranspose } from "./conv_transpose.ts";
import { gather } from "./gather.ts";
import { gemm } from "./gemm.ts";
import { gru } from "./gru.ts";
import { lstm } from "./lstm.ts";
import { matmul } from "./matmul.ts";
import { matmulInteger } from "./matmul_integer.ts";
import { qlinearConv } from "./qlinear_conv.ts";
import { qlinearMatmul } from "./qlinear_matmul.ts";
import { reshape } from "./reshape.ts";
import { rnn } from "./rnn.ts";

export const operators: readonly AnyOpDef[] = [
  attention,
  conv,
  convInteger,
  convTranspose,
  gather,
  gemm,
  gru,
  lstm,
  matmul,
  matmulInteger,
  qlinearConv,
  qlinearMatmul,
  reshape,
  rnn,
];

const byName = new Map(operators.map((op) => [op.name, op]));
const byOnnx = new Map(operators.flatMap((op) => (op.onnx ? [[`${op.onnx.domain ?? ""}:${op.onnx.type}`, op] as const] : [])));

/** The operator that the IR calls `name`. */
export const operatorNamed = (name: string): AnyOpDef | undefined => byName.get(name);
/** The operator for an ONNX node type; `domain` is `""` for ai.onnx. */
export const operatorFor = (domain: string, type: string): AnyOpDef | undefined => byOnnx.get(`${domain}:${type}`);
