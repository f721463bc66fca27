/**
 * Elements converted to another array's element type: a `Cast` whose `to` is known when compiling.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__CastLike.html
 */
import { attr } from "../ir/attr.ts";
import { tensorOf } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { cast, inferCast } from "./cast.ts";
import { tensorIn } from "./shape_rules.ts";

export const castLike = defineOp({
  name: "cast_like",
  summary: "Elements converted to the type of another array's.",
  onnx: { type: "CastLike", since: [15, 19, 21, 23, 24, 25] },
  inputs: { input: "required", target_type: "required" },
  outputs: { output: "required" },
  attrs: { saturate: attr.bool(true), round_mode: attr.oneOf(["up", "down", "nearest"], "up") },
  error: "rounded once",

  infer({ input, target_type }, _, ctx) {
    return [inferCast(input, tensorIn(target_type, "target_type", ctx).dtype, ctx)];
  },

  decompose({ input, target_type }, { saturate, round_mode }, b) {
    return [b.emit(cast, { input }, { to: tensorOf(target_type).dtype, saturate, round_mode })];
  },
});
