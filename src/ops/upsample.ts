/**
 * An array resampled to greater extents, `⌊extent·scale⌋`: the deprecated forerunner of `resize`, whose first elements fall
 * on first elements.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Upsample.html
 */
import { attr } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { tensorOf } from "../ir/graph.ts";
import { defineOp, type ImportNode } from "../ir/op_def.ts";
import { tensorType } from "../ir/types.ts";
import { resize } from "./resize.ts";
import { resizedExtents } from "./resize_rules.ts";
import { dtypeIn } from "./shape_rules.ts";

export const upsample = defineOp({
  name: "upsample",
  summary: "An array resampled to greater extents.",
  onnx: {
    type: "Upsample",
    since: [1, 7, 9, 10],
    adapt: (node, version, b) => (version < 9 ? adaptOld(node, b) : node),
  },
  inputs: { x: "required", scales: "required" },
  outputs: { y: "required" },
  attrs: { mode: attr.oneOf(["nearest", "linear"], "nearest") },

  infer({ x, scales }, _, ctx) {
    dtypeIn(scales, ["f32"], "scales", ctx);
    const attrs = { axes: undefined, keep_aspect_ratio_policy: "stretch" } as const;
    return [tensorType(tensorOf(x).dtype, resizedExtents(x, scales, undefined, attrs, ctx))];
  },

  decompose: ({ x, scales }, { mode }, b) => [
    b.emit(resize, { x, scales }, { mode, coordinate_transformation_mode: "asymmetric", nearest_mode: "floor" }),
  ],
});

/** Factors were attributes: a list, or in version 1 two for the last two of four axes. */
function adaptOld(node: ImportNode, b: Builder): ImportNode {
  const number = (name: string): number => {
    const a = node.attributes.find((a) => a.name === name);
    return a?.kind === "float" ? a.value : 1;
  };
  const list = node.attributes.find((a) => a.name === "scales");
  const scales = list?.kind === "floats" ? [...list.value] : [1, 1, number("height_scale"), number("width_scale")];
  const mode = node.attributes
    .filter((a) => a.name === "mode")
    .map((a) => (a.kind === "string" && a.value === "bilinear" ? { ...a, value: "linear" } : a));
  return { ...node, inputs: [node.inputs[0], b.tensor("f32", [scales.length], scales)], attributes: mode };
}
