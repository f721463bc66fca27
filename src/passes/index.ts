/** The pipeline, in order. Readable top to bottom: this list is the compiler. */
import { absorbTransposes } from "./absorb_transposes.ts";
import { channelsLast } from "./channels_last.ts";
import { decompose } from "./decompose.ts";
import { eliminateDead } from "./eliminate_dead.ts";
import { foldAffine } from "./fold_affine.ts";
import { foldConstants } from "./fold_constants.ts";
import { formLinear } from "./form_linear.ts";
import { formMaps } from "./form_maps.ts";
import { fuseEpilogue } from "./fuse_epilogue.ts";
import { fuseCohesiveMaps, fuseMaps } from "./fuse_maps.ts";
import { inlineBranches } from "./inline_branches.ts";
import { mergeCommon } from "./merge_common.ts";
import type { Pass } from "./pass.ts";
import { resolveShapes } from "./resolve_shapes.ts";
import { sinkTransposes } from "./sink_transposes.ts";
import { widenHalves } from "./widen_halves.ts";

/** Portable rewrites: fewer operations, no shape arithmetic, no function operators, no branches on constants. */
export const simplify: readonly Pass[] = [
  foldConstants,
  resolveShapes,
  foldConstants,
  inlineBranches,
  decompose,
  foldConstants,
  resolveShapes,
  foldConstants,
  mergeCommon,
  eliminateDead,
];

/** Larger operations on better layouts. */
export const fuse: readonly Pass[] = [
  widenHalves,
  foldConstants,
  formLinear,
  formMaps,
  foldAffine,
  fuseCohesiveMaps,
  channelsLast,
  sinkTransposes,
  absorbTransposes,
  mergeCommon,
  fuseEpilogue,
  fuseMaps,
  eliminateDead,
];

export const pipeline: readonly Pass[] = [...simplify, ...fuse];
