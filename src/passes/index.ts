/** The pipeline, in order. Readable top to bottom: this list is the compiler. */
import { decompose } from "./decompose.ts";
import { eliminateDead } from "./eliminate_dead.ts";
import { foldConstants } from "./fold_constants.ts";
import { inlineBranches } from "./inline_branches.ts";
import { mergeCommon } from "./merge_common.ts";
import type { Pass } from "./pass.ts";
import { resolveShapes } from "./resolve_shapes.ts";

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

export const pipeline: readonly Pass[] = [...simplify];
