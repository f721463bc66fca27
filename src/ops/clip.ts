/**
 * Elements limited to `min … max`; either may be absent. Where min > max the result is max; NaN stays.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Clip.html
 */
import type { Builder } from "../ir/builder.ts";
import * as dim from "../ir/dim.ts";
import { isStatic, product } from "../ir/dim.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { applyFn, input, type MapExpr } from "../ir/map_expr.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { read, readOption, write } from "../ir/plan.ts";
import { tensorType } from "../ir/types.ts";
import { type Known, mapContents } from "./contents.ts";
import { dtypeIn, type Element, lowerMap, mapElements, numeric } from "./elementwise.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { shapeIn } from "./shape_rules.ts";

export const clip = defineOp({
  name: "clip",
  summary: "Elements limited to an interval.",
  onnx: {
    type: "Clip",
    since: [1, 6, 11, 12, 13],
    adapt: (node, version, b) => (version < 11 ? boundsAsInputs(node, b) : node),
  },
  inputs: { input: "required", min: "optional", max: "optional" },
  outputs: { output: "required" },
  attrs: {},
  error: "exact",

  infer({ input, min, max }, _, ctx) {
    const dtype = dtypeIn(input, "input", numeric, ctx);
    if (min) checkBound(min, "min", input, ctx);
    if (max) checkBound(max, "max", input, ctx);
    const type = tensorType(dtype, shapeIn(input, "input", ctx));
    return [mapContents(type, [input, ...[min, max].filter((v) => v !== undefined)], clamped(min, max))];
  },

  evaluate({ input, min, max }) {
    const [low, high] = [min?.data[0] as Element | undefined, max?.data[0] as Element | undefined];
    const isNan = (v: Element): boolean => typeof v === "number" && Number.isNaN(v);
    return [
      mapElements(input.dtype, [input], (x) => {
        if (isNan(x)) return x;
        const raised = low !== undefined && !(x >= low) ? low : x;
        return high !== undefined && !isNan(raised) && !(raised <= high) ? high : raised;
      }),
    ];
  },

  lower({ input: x, min, max }, _, l) {
    const y = l.output(0);
    for (const bound of [min, max]) if (bound) expectExtents(l, [product(shapeOf(bound))], [1]);
    if (tensorOf(x).dtype !== "f32") return l.call("ops::clip", [read(x), readOption(min), readOption(max), write(y)]);
    const operands = [x];
    let expr: MapExpr = input(0);
    if (min) expr = applyFn("max", expr, input(operands.push(min) - 1));
    if (max) expr = applyFn("min", expr, input(operands.push(max) - 1));
    lowerMap(l, expr, operands, y);
  },
});

function checkBound(bound: Value, what: string, input: Value, ctx: InferContext): void {
  dtypeIn(bound, what, [tensorOf(input).dtype], ctx);
  const count = product(shapeIn(bound, what, ctx));
  if (isStatic(count) && count !== 1) ctx.fail("E0201", { what: `elements of ${what}`, expected: 1, found: count });
}

/** Bounds are known only as numbers; an expression could lie on either side of them. */
function clamped(min: Value | undefined, max: Value | undefined): (...x: Known[]) => Known {
  return (x, ...bounds) => {
    const [low, high] = [min ? bounds[0] : -Infinity, max ? bounds[min ? 1 : 0] : Infinity];
    if (x === undefined || low === undefined || high === undefined) return undefined;
    const raised = low === -Infinity ? x : dim.max(x, low);
    return high === Infinity ? raised : dim.min(raised, high);
  };
}

/** Before opset 11 the bounds were attributes. */
function boundsAsInputs(node: ImportNode, b: Builder): ImportNode {
  const [x] = node.inputs;
  const dtype = x?.type.kind === "tensor" ? x.type.dtype : "f32";
  const bound = (name: string): Value | undefined => {
    const a = node.attributes.find((a) => a.name === name);
    return a?.kind === "float" ? b.scalar(dtype, toElement(dtype, a.value)) : undefined;
  };
  const attributes = node.attributes.filter((a) => a.name !== "min" && a.name !== "max");
  return { ...node, inputs: [x, bound("min"), bound("max")], attributes };
}
