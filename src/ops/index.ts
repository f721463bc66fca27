/** All operators. Adding one is its file and its line here. */
import type { AnyOpDef } from "../ir/op_def.ts";
import { activations } from "./activations.ts";
import { affineGrid } from "./affine_grid.ts";
import { argMax, argMin } from "./arg.ts";
import { arrayFeatureExtractor } from "./array_feature_extractor.ts";
import { attention } from "./attention.ts";
import { averagePool, lpPool } from "./average_pool.ts";
import { batchNormalization } from "./batch_normalization.ts";
import { binarizer } from "./binarizer.ts";
import { binary } from "./binary.ts";
import { bitCast } from "./bit_cast.ts";
import { bitShift } from "./bit_shift.ts";
import { cast } from "./cast.ts";
import { castLike } from "./cast_like.ts";
import { castMap } from "./cast_map.ts";
import { categoryMapper } from "./category_mapper.ts";
import { causalConvWithState } from "./causal_conv_with_state.ts";
import { centerCropPad } from "./center_crop_pad.ts";
import { clip } from "./clip.ts";
import { col2im } from "./col2im.ts";
import { comparisons } from "./comparison.ts";
import { compress } from "./compress.ts";
import { concat } from "./concat.ts";
import { concatFromSequence } from "./concat_from_sequence.ts";
import { constant } from "./constant.ts";
import { constantOfShape } from "./constant_of_shape.ts";
import { conv } from "./conv.ts";
import { convInteger } from "./conv_integer.ts";
import { convTranspose } from "./conv_transpose.ts";
import { cumProd, cumSum } from "./cumulate.ts";
import { deformConv } from "./deform_conv.ts";
import { depthToSpace, spaceToDepth } from "./depth_to_space.ts";
import { dequantizeLinear } from "./dequantize_linear.ts";
import { det } from "./det.ts";
import { dft } from "./dft.ts";
import { dictVectorizer } from "./dict_vectorizer.ts";
import { dims } from "./dims.ts";
import { dropout } from "./dropout.ts";
import { dynamicQuantizeLinear } from "./dynamic_quantize_linear.ts";
import { einsum } from "./einsum.ts";
import { expand } from "./expand.ts";
import { eyeLike } from "./eye_like.ts";
import { featureVectorizer } from "./feature_vectorizer.ts";
import { flatten } from "./flatten.ts";
import { flexAttention } from "./flex_attention.ts";
import { gather } from "./gather.ts";
import { gatherElements } from "./gather_elements.ts";
import { gatherNd } from "./gather_nd.ts";
import { gemm } from "./gemm.ts";
import { globalAveragePool, globalLpPool, globalMaxPool } from "./global_pool.ts";
import { gridSample } from "./grid_sample.ts";
import { groupNormalization, instanceNormalization } from "./group_normalization.ts";
import { gru } from "./gru.ts";
import { hardmax } from "./hardmax.ts";
import { identity } from "./identity.ts";
import { ifOp } from "./if.ts";
import { imageDecoder } from "./image_decoder.ts";
import { imputer } from "./imputer.ts";
import { labelEncoder } from "./label_encoder.ts";
import { layerNormalization, rmsNormalization } from "./layer_normalization.ts";
import { linearAttention } from "./linear_attention.ts";
import { linearClassifier } from "./linear_classifier.ts";
import { linearRegressor } from "./linear_regressor.ts";
import { logical } from "./logical.ts";
import { loop } from "./loop.ts";
import { negativeLogLikelihoodLoss, softmaxCrossEntropyLoss } from "./loss.ts";
import { lpNormalization } from "./lp_normalization.ts";
import { lrn } from "./lrn.ts";
import { lstm } from "./lstm.ts";
import { matmul } from "./matmul.ts";
import { matmulInteger } from "./matmul_integer.ts";
import { maxPool } from "./max_pool.ts";
import { maxRoiPool } from "./max_roi_pool.ts";
import { maxUnpool } from "./max_unpool.ts";
import { meanVarianceNormalization } from "./mean_variance_normalization.ts";
import { melWeightMatrix } from "./mel_weight_matrix.ts";
import { mod } from "./mod.ts";
import { nonMaxSuppression } from "./non_max_suppression.ts";
import { nonZero } from "./non_zero.ts";
import { normalizer } from "./normalizer.ts";
import { oneHot } from "./one_hot.ts";
import { oneHotEncoder } from "./one_hot_encoder.ts";
import { optimizers } from "./optimizers.ts";
import { optional } from "./optional.ts";
import { optionalGetElement } from "./optional_get_element.ts";
import { optionalHasElement } from "./optional_has_element.ts";
import { pad } from "./pad.ts";
import { pow } from "./pow.ts";
import { prelu } from "./prelu.ts";
import { qlinearConv } from "./qlinear_conv.ts";
import { qlinearMatmul } from "./qlinear_matmul.ts";
import { quantizeLinear } from "./quantize_linear.ts";
import { random } from "./random.ts";
import { range } from "./range.ts";
import {
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
} from "./reduce.ts";
import { regexFullMatch } from "./regex_full_match.ts";
import { reshape } from "./reshape.ts";
import { resize } from "./resize.ts";
import { reverseSequence } from "./reverse_sequence.ts";
import { rnn } from "./rnn.ts";
import { roiAlign } from "./roi_align.ts";
import { rotaryEmbedding } from "./rotary_embedding.ts";
import { scaler } from "./scaler.ts";
import { scan } from "./scan.ts";
import { scatter, scatterElements } from "./scatter_elements.ts";
import { scatterNd } from "./scatter_nd.ts";
import { sequenceAt } from "./sequence_at.ts";
import { sequenceConstruct } from "./sequence_construct.ts";
import { sequenceEmpty } from "./sequence_empty.ts";
import { sequenceErase } from "./sequence_erase.ts";
import { sequenceInsert } from "./sequence_insert.ts";
import { sequenceLength } from "./sequence_length.ts";
import { sequenceMap } from "./sequence_map.ts";
import { shape } from "./shape.ts";
import { size } from "./size.ts";
import { slice } from "./slice.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { split } from "./split.ts";
import { splitToSequence } from "./split_to_sequence.ts";
import { squeeze } from "./squeeze.ts";
import { stft } from "./stft.ts";
import { stringConcat } from "./string_concat.ts";
import { stringNormalizer } from "./string_normalizer.ts";
import { stringSplit } from "./string_split.ts";
import { sumOfProducts } from "./sum_of_products.ts";
import { svmClassifier } from "./svm_classifier.ts";
import { svmRegressor } from "./svm_regressor.ts";
import { swiglu } from "./swiglu.ts";
import { tensorScatter } from "./tensor_scatter.ts";
import { tfIdfVectorizer } from "./tf_idf_vectorizer.ts";
import { tile } from "./tile.ts";
import { topK } from "./top_k.ts";
import { transpose } from "./transpose.ts";
import { treeEnsemble } from "./tree_ensemble.ts";
import { treeEnsembleClassifier } from "./tree_ensemble_classifier.ts";
import { treeEnsembleRegressor } from "./tree_ensemble_regressor.ts";
import { trilu } from "./trilu.ts";
import { unary } from "./unary.ts";
import { unique } from "./unique.ts";
import { unsqueeze } from "./unsqueeze.ts";
import { upsample } from "./upsample.ts";
import { variadic } from "./variadic.ts";
import { where } from "./where.ts";
import { windows } from "./windows.ts";
import { zipMap } from "./zip_map.ts";

export const operators: readonly AnyOpDef[] = [
  ...activations,
  affineGrid,
  argMax,
  argMin,
  arrayFeatureExtractor,
  attention,
  averagePool,
  batchNormalization,
  binarizer,
  ...binary,
  bitCast,
  bitShift,
  cast,
  castLike,
  castMap,
  categoryMapper,
  causalConvWithState,
  centerCropPad,
  clip,
  col2im,
  ...comparisons,
  compress,
  concat,
  concatFromSequence,
  constant,
  constantOfShape,
  conv,
  convInteger,
  convTranspose,
  cumProd,
  cumSum,
  deformConv,
  depthToSpace,
  dequantizeLinear,
  det,
  dft,
  dictVectorizer,
  dims,
  dropout,
  dynamicQuantizeLinear,
  einsum,
  expand,
  eyeLike,
  featureVectorizer,
  flatten,
  flexAttention,
  gather,
  gatherElements,
  gatherNd,
  gemm,
  globalAveragePool,
  globalLpPool,
  globalMaxPool,
  gridSample,
  groupNormalization,
  gru,
  hardmax,
  identity,
  ifOp,
  imageDecoder,
  imputer,
  instanceNormalization,
  labelEncoder,
  layerNormalization,
  linearAttention,
  linearClassifier,
  linearRegressor,
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
  maxRoiPool,
  maxUnpool,
  meanVarianceNormalization,
  melWeightMatrix,
  mod,
  negativeLogLikelihoodLoss,
  nonMaxSuppression,
  nonZero,
  normalizer,
  oneHot,
  oneHotEncoder,
  ...optimizers,
  optional,
  optionalGetElement,
  optionalHasElement,
  pad,
  pow,
  prelu,
  qlinearConv,
  qlinearMatmul,
  quantizeLinear,
  ...random,
  range,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  regexFullMatch,
  reshape,
  resize,
  reverseSequence,
  rmsNormalization,
  rnn,
  roiAlign,
  rotaryEmbedding,
  scaler,
  scan,
  scatter,
  scatterElements,
  scatterNd,
  sequenceAt,
  sequenceConstruct,
  sequenceEmpty,
  sequenceErase,
  sequenceInsert,
  sequenceLength,
  sequenceMap,
  shape,
  size,
  slice,
  softmax,
  softmaxCrossEntropyLoss,
  spaceToDepth,
  split,
  splitToSequence,
  squeeze,
  stft,
  stringConcat,
  stringNormalizer,
  stringSplit,
  sumOfProducts,
  svmClassifier,
  svmRegressor,
  swiglu,
  tensorScatter,
  tfIdfVectorizer,
  tile,
  topK,
  transpose,
  treeEnsemble,
  treeEnsembleClassifier,
  treeEnsembleRegressor,
  trilu,
  ...unary,
  unique,
  unsqueeze,
  upsample,
  ...variadic,
  where,
  ...windows,
  zipMap,
];

const byName = new Map(operators.map((op) => [op.name, op]));
const byOnnx = new Map(
  operators.flatMap((op) => (op.onnx ? [[`${op.onnx.domain ?? ""}:${op.onnx.type}`, op] as const] : [])),
);

/** The operator that the IR calls `name`. */
export const operatorNamed = (name: string): AnyOpDef | undefined => byName.get(name);
/** The operator for an ONNX node type; `domain` is `""` for ai.onnx. */
export const operatorFor = (domain: string, type: string): AnyOpDef | undefined => byOnnx.get(`${domain}:${type}`);
