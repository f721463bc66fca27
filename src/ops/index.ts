/** All operators. Adding one is its file and its line here. */
import type { AnyOpDef } from "../ir/op_def.ts";
import { activations } from "./activations.ts";
import { attention } from "./attention.ts";
import { averagePool, lpPool } from "./average_pool.ts";
import { batchNormalization } from "./batch_normalization.ts";
import { binary } from "./binary.ts";
import { bitCast } from "./bit_cast.ts";
import { bitShift } from "./bit_shift.ts";
import { cast } from "./cast.ts";
import { castLike } from "./cast_like.ts";
import { causalConvWithState } from "./causal_conv_with_state.ts";
import { clip } from "./clip.ts";
import { comparisons } from "./comparison.ts";
import { constant } from "./constant.ts";
import { constantOfShape } from "./constant_of_shape.ts";
import { conv } from "./conv.ts";
import { convInteger } from "./conv_integer.ts";
import { convTranspose } from "./conv_transpose.ts";
import { dequantizeLinear } from "./dequantize_linear.ts";
import { dft } from "./dft.ts";
import { dropout } from "./dropout.ts";
import { dynamicQuantizeLinear } from "./dynamic_quantize_linear.ts";
import { eyeLike } from "./eye_like.ts";
import { gather } from "./gather.ts";
import { gemm } from "./gemm.ts";
import { globalAveragePool, globalLpPool, globalMaxPool } from "./global_pool.ts";
import { gru } from "./gru.ts";
import { ifOp } from "./if.ts";
import { layerNormalization, rmsNormalization } from "./layer_normalization.ts";
import { linearAttention } from "./linear_attention.ts";
import { logical } from "./logical.ts";
import { loop } from "./loop.ts";
import { lpNormalization } from "./lp_normalization.ts";
import { lrn } from "./lrn.ts";
import { lstm } from "./lstm.ts";
import { matmul } from "./matmul.ts";
import { matmulInteger } from "./matmul_integer.ts";
import { maxPool } from "./max_pool.ts";
import { maxUnpool } from "./max_unpool.ts";
import { meanVarianceNormalization } from "./mean_variance_normalization.ts";
import { melWeightMatrix } from "./mel_weight_matrix.ts";
import { mod } from "./mod.ts";
import { pow } from "./pow.ts";
import { prelu } from "./prelu.ts";
import { qlinearConv } from "./qlinear_conv.ts";
import { qlinearMatmul } from "./qlinear_matmul.ts";
import { quantizeLinear } from "./quantize_linear.ts";
import { random } from "./random.ts";
import { range } from "./range.ts";
import { reshape } from "./reshape.ts";
import { rnn } from "./rnn.ts";
import { rotaryEmbedding } from "./rotary_embedding.ts";
import { scan } from "./scan.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { stft } from "./stft.ts";
import { stringConcat } from "./string_concat.ts";
import { stringNormalizer } from "./string_normalizer.ts";
import { stringSplit } from "./string_split.ts";
import { swiglu } from "./swiglu.ts";
import { unary } from "./unary.ts";
import { variadic } from "./variadic.ts";
import { where } from "./where.ts";
import { windows } from "./windows.ts";

export const operators: readonly AnyOpDef[] = [
  ...activations,
  attention,
  averagePool,
  batchNormalization,
  ...binary,
  bitCast,
  bitShift,
  cast,
  castLike,
  causalConvWithState,
  clip,
  ...comparisons,
  constant,
  constantOfShape,
  conv,
  convInteger,
  convTranspose,
  dequantizeLinear,
  dft,
  dropout,
  dynamicQuantizeLinear,
  eyeLike,
  gather,
  gemm,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  gru,
  ifOp,
  layerNormalization,
  linearAttention,
  logSoftmax,
  ...logical,
  loop,
  lpNormalization,
  lpPool,
  lrn,
  lstm,
  matmul,
  matmulInteger,
  maxPool,
  maxUnpool,
  meanVarianceNormalization,
  melWeightMatrix,
  mod,
  pow,
  prelu,
  qlinearConv,
  qlinearMatmul,
  quantizeLinear,
  ...random,
  range,
  reshape,
  rmsNormalization,
  rnn,
  rotaryEmbedding,
  scan,
  softmax,
  stft,
  stringConcat,
  stringNormalizer,
  stringSplit,
  swiglu,
  ...unary,
  ...variadic,
  where,
  ...windows,
];

const byName = new Map(operators.map((op) => [op.name, op]));
const byOnnx = new Map(
  operators.flatMap((op) => (op.onnx ? [[`${op.onnx.domain ?? ""}:${op.onnx.type}`, op] as const] : [])),
);

/** The operator that the IR calls `name`. */
export const operatorNamed = (name: string): AnyOpDef | undefined => byName.get(name);
/** The operator for an ONNX node type; `domain` is `""` for ai.onnx. */
export const operatorFor = (domain: string, type: string): AnyOpDef | undefined => byOnnx.get(`${domain}:${type}`);
