/**
 * An array broadcast against the extents `shape`, by NumPy's rule: axes of extent 1 are repeated on either side, so the
 * result may be larger than `shape` says. Where not even the number of entries is known, neither is the result's rank.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Expand.html
 */
import { broadcast, type Dim, dimText } from "../ir/dim.ts";
import type { Contents } from "../ir/graph.ts";
import { defineOp, type InferContext } from "../ir/op_def.ts";
import { grow, read, shape as shapeArg, write } from "../ir/plan.ts";
import { numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { broadcastStrides } from "./numeric.ts";
import { bindExtents, integers, isUnranked } from "./operands.ts";
import { dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { strided } from "./strided.ts";
import { wholeTypes } from "./type_sets.ts";

/** Longer lists are data, not shapes. */
const maxContents = 256;

export const expand = defineOp({
  name: "expand",
  summary: "An array broadcast to a shape.",
  onnx: { type: "Expand", since: [8, 13] },
  inputs: { input: "required", shape: "required" },
  outputs: { output: "required" },
  attrs: {},

  infer({ input, shape }, _, ctx) {
    const dtype = dtypeIn(input, wholeTypes, "input", ctx);
    dtypeIn(shape, ["i64"], "shape", ctx);
    const [length] = ranked(shape, 1, "shape", ctx);
    if (typeof length !== "number") return [tensorType(dtype, undefined)];
    const wanted = contentsIn(shape) ?? new Array<undefined>(length).fill(undefined);
    const extents = expanded(shapeIn(input, "input", ctx), wanted, ctx);
    const type = tensorType(dtype, extents);
    const known = input.contents?.length === 1 && repeated(input.contents[0], extents);
    return [known ? { type, contents: known } : type];
  },

  evaluate({ input, shape }) {
    const extents = expandedNumbers(input.shape, numbers(shape));
    return [strided(input, extents, broadcastStrides(input.shape, extents))];
  },

  lower({ input, shape }, _, l) {
    const y = l.output(0);
    if (isUnranked(y)) {
      l.call("ops::expand_tensor", [read(input), shapeArg(input), integers(shape), grow(y)], { fallible: true });
      return;
    }
    bindExtents(l, y, "ops::expand_extents", [shapeArg(input), integers(shape)]);
    l.call("ops::expand", [read(input), shapeArg(input), write(y), shapeArg(y)]);
  },
});

function expanded(from: readonly Dim[], wanted: Contents, ctx: InferContext): readonly Dim[] {
  const rank = Math.max(from.length, wanted.length);
  return Array.from({ length: rank }, (_, i) => {
    const own = from[i - (rank - from.length)] ?? 1;
    const at = i - (rank - wanted.length);
    const want = at < 0 ? 1 : wanted[at];
    // An extent that only the run knows may be 1; the input's own then stays.
    if (want === undefined) return ctx.fresh();
    return (
      broadcast(own, want) ??
      ctx.fail("E0201", { what: `extent of axis ${i}`, expected: `1 or ${dimText(want)}`, found: dimText(own) })
    );
  });
}

function expandedNumbers(from: readonly number[], wanted: readonly number[]): number[] {
  const rank = Math.max(from.length, wanted.length);
  return Array.from({ length: rank }, (_, i) => {
    const own = from[i - (rank - from.length)] ?? 1;
    const want = wanted[i - (rank - wanted.length)] ?? 1;
    if (own !== want && own !== 1 && want !== 1) throw new RangeError(`extent ${own} cannot be broadcast to ${want}`);
    return own === 1 ? want : own;
  });
}

/** One element over a small list. */
function repeated(element: Dim | undefined, extents: readonly Dim[]): Contents | undefined {
  if (element === undefined || extents.length > 1) return undefined;
  const count = extents[0] ?? 1;
  return typeof count === "number" && count <= maxContents ? new Array<Dim>(count).fill(element) : undefined;
}
