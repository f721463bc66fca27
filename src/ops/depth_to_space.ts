/**
 * Channels become squares of pixels, and back: `depth_to_space` turns [N, C·b², H, W] into [N, C, H·b, W·b].
 *
 * In mode DCR the offsets in the square are the slow part of a channel's number (`(i·b + j)·C + c`), in CRD the fast part
 * (`(c·b + i)·b + j`). `space_to_depth` undoes DCR. Both are transpositions of six axes.
 *
 * Sources: https://onnx.ai/onnx/operators/onnx__DepthToSpace.html, https://onnx.ai/onnx/operators/onnx__SpaceToDepth.html
 */
import { attr, required } from "../ir/attr.ts";
import { type Dim, floorDiv, isStatic, mul } from "../ir/dim.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp, type InferContext, type Inferred } from "../ir/op_def.ts";
import { dims, type Lowering, read, write } from "../ir/plan.ts";
import { stridesOf, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { expectExtents, indexList } from "./operands.ts";
import { dtypeIn, ranked } from "./shape_rules.ts";
import { strided } from "./strided.ts";
import { wholeTypes } from "./type_sets.ts";

/** The input's extents as six axes, the order in which the result has them, and the result's extents. */
interface Plan {
  readonly split: readonly Dim[];
  readonly perm: readonly number[];
  readonly result: readonly Dim[];
  /** Extents that must come out whole, and what they are then. */
  readonly whole: readonly (readonly [Dim, Dim])[];
}

type Shape4 = readonly [Dim, Dim, Dim, Dim];

function toSpace([n, c, h, w]: Shape4, b: number, mode: "DCR" | "CRD"): Plan {
  const channels = floorDiv(c, b * b);
  return {
    split: mode === "DCR" ? [n, b, b, channels, h, w] : [n, channels, b, b, h, w],
    perm: mode === "DCR" ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3],
    result: [n, channels, mul(h, b), mul(w, b)],
    whole: [[c, mul(channels, b * b)]],
  };
}

function toDepth([n, c, h, w]: Shape4, b: number): Plan {
  const [rows, columns] = [floorDiv(h, b), floorDiv(w, b)];
  return {
    split: [n, c, rows, b, columns, b],
    perm: [0, 3, 5, 1, 2, 4],
    result: [n, mul(c, b * b), rows, columns],
    whole: [
      [h, mul(rows, b)],
      [w, mul(columns, b)],
    ],
  };
}

function inferPlan(
  input: Value,
  blocksize: number,
  plan: (shape: Shape4) => Plan,
  ctx: InferContext,
): readonly Inferred[] {
  const dtype = dtypeIn(input, wholeTypes, "input", ctx);
  if (blocksize < 1) ctx.fail("E0202", { name: "blocksize", value: blocksize, expected: "at least 1" });
  const { result, whole } = plan(ranked(input, 4, "input", ctx) as unknown as Shape4);
  for (const [extent, multiple] of whole)
    if (isStatic(extent) && extent !== multiple)
      ctx.fail("E0201", { what: "an extent of input", expected: "a multiple of the block", found: extent });
  return [tensorType(dtype, result)];
}

function evaluatePlan(input: Tensor, { split, perm, result }: Plan): readonly Tensor[] {
  const extents = split as readonly number[];
  const strides = stridesOf(extents);
  const y = strided(
    input,
    perm.map((a) => extents[a] as number),
    perm.map((a) => strides[a] as number),
  );
  return [{ ...y, shape: result as readonly number[] }];
}

function lowerPlan(input: Value, { split, perm, whole }: Plan, l: Lowering): void {
  expectExtents(
    l,
    whole.map(([extent]) => extent),
    whole.map(([, multiple]) => multiple),
  );
  l.call("ops::transpose", [read(input), dims(split), indexList(perm), write(l.output(0))]);
}

const shape4 = (extents: readonly Dim[]): Shape4 => extents as unknown as Shape4;

export const depthToSpace = defineOp({
  name: "depth_to_space",
  summary: "Channels become squares of pixels.",
  onnx: { type: "DepthToSpace", since: [1, 11, 13] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { blocksize: attr.int(required), mode: attr.oneOf(["DCR", "CRD"], "DCR") },
  infer: ({ input }, { blocksize, mode }, ctx) => inferPlan(input, blocksize, (s) => toSpace(s, blocksize, mode), ctx),
  evaluate: ({ input }, { blocksize, mode }) => evaluatePlan(input, toSpace(shape4(input.shape), blocksize, mode)),
  lower: ({ input }, { blocksize, mode }, l) => lowerPlan(input, toSpace(shape4(shapeOf(input)), blocksize, mode), l),
});

export const spaceToDepth = defineOp({
  name: "space_to_depth",
  summary: "Squares of pixels become channels.",
  onnx: { type: "SpaceToDepth", since: [1, 13] },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { blocksize: attr.int(required) },
  infer: ({ input }, { blocksize }, ctx) => inferPlan(input, blocksize, (s) => toDepth(s, blocksize), ctx),
  evaluate: ({ input }, { blocksize }) => evaluatePlan(input, toDepth(shape4(input.shape), blocksize)),
  lower: ({ input }, { blocksize }, l) => lowerPlan(input, toDepth(shape4(shapeOf(input)), blocksize), l),
});
