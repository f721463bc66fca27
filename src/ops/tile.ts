/**
 * An array repeated along its axes, `repeats[i]` times along axis `i`.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Tile.html
 */
import { type Builder, failAt } from "../ir/builder.ts";
import { type Dim, mul } from "../ir/dim.ts";
import type { Value } from "../ir/graph.ts";
import { defineOp, type ImportNode } from "../ir/op_def.ts";
import { read, shape, write } from "../ir/plan.ts";
import { numbers, stridesOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { bindExtents, integers } from "./operands.ts";
import { agree, dtypeIn, ranked, shapeIn } from "./shape_rules.ts";
import { strided } from "./strided.ts";
import { wholeTypes } from "./type_sets.ts";

export const tile = defineOp({
  name: "tile",
  summary: "An array repeated along its axes.",
  onnx: {
    type: "Tile",
    since: [1, 6, 13],
    adapt: (node, version, b) => (version < 6 ? repeatsOfAllAxes(node, b) : node),
  },
  inputs: { input: "required", repeats: "required" },
  outputs: { output: "required" },
  attrs: {},

  infer({ input, repeats }, _, ctx) {
    const dtype = dtypeIn(input, wholeTypes, "input", ctx);
    dtypeIn(repeats, ["i64"], "repeats", ctx);
    const from = shapeIn(input, "input", ctx);
    const [count] = ranked(repeats, 1, "repeats", ctx);
    agree(from.length, count as Dim, "length of repeats", ctx);
    const known = contentsIn(repeats);
    for (const n of known ?? [])
      if (typeof n === "number" && n < 0) ctx.fail("E0201", { what: "repeats", expected: "at least 0", found: n });
    const extents = from.map((d, i) => {
      const times = known?.[i];
      return times === undefined ? ctx.fresh() : mul(d, times);
    });
    const type = tensorType(dtype, extents);
    const [length] = extents;
    if (!input.contents || extents.length !== 1 || typeof length !== "number" || length > 256) return [type];
    const { contents } = input;
    return [{ type, contents: Array.from({ length }, (_, i) => contents[i % contents.length]) }];
  },

  evaluate({ input, repeats }) {
    const times = numbers(repeats);
    const strides = stridesOf(input.shape);
    // Each axis in two: the repeats, which do not move in the input, and its own entries.
    const pairs = strided(
      input,
      input.shape.flatMap((d, i) => [times[i] as number, d]),
      strides.flatMap((s) => [0, s]),
    );
    return [{ ...pairs, shape: input.shape.map((d, i) => d * (times[i] as number)) }];
  },

  lower({ input, repeats }, _, l) {
    const y = l.output(0);
    bindExtents(l, y, "ops::tile_extents", [shape(input), integers(repeats)]);
    l.call("ops::tile", [read(input), shape(input), write(y), shape(y)]);
  },
});

/** Version 1 repeats along one axis; both numbers are inputs. */
function repeatsOfAllAxes(node: ImportNode, b: Builder): ImportNode {
  const [input, tiles, axis] = node.inputs;
  const rank = input?.type.kind === "tensor" ? input.type.shape?.length : undefined;
  const [count, at] = [constantOf(tiles), constantOf(axis)];
  if (rank === undefined || count === undefined || at === undefined)
    return failAt(b.origins, tile, "E0205", { what: "tiles and axis of version 1" });
  const repeats = Array.from({ length: rank }, (_, i) => (i === (at < 0 ? at + rank : at) ? count : 1));
  return { ...node, inputs: [input, b.int64s(repeats)] };
}

const constantOf = (v: Value | undefined): number | undefined =>
  v?.literal ? numbers(v.literal.load())[0] : undefined;
