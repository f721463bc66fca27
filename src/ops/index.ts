/** All operators. Adding one is its file and its line here. */
import type { AnyOpDef } from "../ir/op_def.ts";
import { attention } from "./attention.ts";
import { averagePool, lpPool } from "./average_pool.ts";
import { causalConvWithState } from "./causal_conv_with_state.ts";
import { conv } from "./conv.ts";
import { convInteger } from "./conv_integer.ts";
import { convTranspose } from "./conv_transpose.ts";
import { gather } from "./gather.ts";
import { gemm } from "./gemm.ts";
import { globalAveragePool, globalLpPool, globalMaxPool } from "./global_pool.ts";
import { gru } from "./gru.ts";
import { ifOp } from "./if.ts";
import { linearAttention } from "./linear_attention.ts";
import { loop } from "./loop.ts";
import { lstm } from "./lstm.ts";
import { matmul } from "./matmul.ts";
import { matmulInteger } from "./matmul_integer.ts";
import { maxPool } from "./max_pool.ts";
import { maxUnpool } from "./max_unpool.ts";
import { qlinearConv } from "./qlinear_conv.ts";
import { qlinearMatmul } from "./qlinear_matmul.ts";
import { reshape } from "./reshape.ts";
import { rnn } from "./rnn.ts";
import { scan } from "./scan.ts";
import { rotaryEmbedding } from "./rotary_embedding.ts";

export const operators: readonly AnyOpDef[] = [
  attention,
  averagePool,
  causalConvWithState,
  conv,
  convInteger,
  convTranspose,
  gather,
  gemm,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  gru,
  ifOp,
  linearAttention,
  loop,
  lpPool,
  lstm,
  matmul,
  matmulInteger,
  maxPool,
  maxUnpool,
  qlinearConv,
  qlinearMatmul,
  reshape,
  rnn,
  scan,
  rotaryEmbedding,
];

const byName = new Map(operators.map((op) => [op.name, op]));
const byOnnx = new Map(
  operators.flatMap((op) => (op.onnx ? [[`${op.onnx.domain ?? ""}:${op.onnx.type}`, op] as const] : [])),
);

/** The operator that the IR calls `name`. */
export const operatorNamed = (name: string): AnyOpDef | undefined => byName.get(name);
/** The operator for an ONNX node type; `domain` is `""` for ai.onnx. */
export const operatorFor = (domain: string, type: string): AnyOpDef | undefined => byOnnx.get(`${domain}:${type}`);
