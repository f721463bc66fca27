/**
 * One value repeated over a shape. Where the shape is known when the model is imported, the result is a literal that keeps
 * the value only once.
 *
 * A negative extent is an error. Source: https://onnx.ai/onnx/operators/onnx__ConstantOfShape.html
 */
import { attr, optional } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { type Dim, isStatic } from "../ir/dim.ts";
import { type DType, dtypes, kindOf } from "../ir/dtype.ts";
import { type Contents, tensorOf, type Value } from "../ir/graph.ts";
import { type Literal, splatLiteral } from "../ir/literal.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { grow, read, write } from "../ir/plan.ts";
import { numbers, sizeOf } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { contentsIn } from "./contents.ts";
import { dtypeIn, type Element, wideLiteral } from "./elementwise.ts";
import { bindExtents, isUnranked } from "./operands.ts";
import { ranked } from "./shape_rules.ts";

const fillable: readonly DType[] = dtypes.filter((d) => kindOf(d) !== "complex" && d !== "string");

interface Fill {
  readonly dtype: DType;
  readonly value: Element;
}
const fillOf = (value: Literal | undefined): Fill =>
  value ? { dtype: value.dtype, value: value.splat ?? (value.load().data[0] as Element) } : { dtype: "f32", value: 0 };

export const constantOfShape = defineOp({
  name: "constant_of_shape",
  summary: "One value repeated over a shape.",
  onnx: { type: "ConstantOfShape", since: [9, 20, 21, 23, 24, 25], adaptsNewest: true, adapt: asLiteral },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: { value: attr.tensor(optional) },
  error: "exact",

  infer({ input }, { value }, ctx) {
    dtypeIn(input, "input", ["i64"], ctx);
    const [length] = ranked(input, 1, "input", ctx);
    if (value && sizeOf(value.shape) !== 1)
      return ctx.fail("E0201", { what: "elements of value", expected: 1, found: sizeOf(value.shape) });
    const { dtype, value: element } = fillOf(value);
    if (!fillable.includes(dtype))
      return ctx.fail("E0203", { what: "value", found: dtype, expected: fillable.join(", ") });
    // Where not even the number of entries is known, the rank of the result is not.
    if (!isStatic(length as Dim)) return [tensorType(dtype, undefined)];
    const wanted = contentsIn(input) ?? new Array<undefined>(length as number).fill(undefined);
    const extents = wanted.map((d) => extentOf(d, ctx));
    const type = tensorType(dtype, extents);
    const contents = repeated(dtype, element, extents);
    return [contents ? { type, contents } : type];
  },

  evaluate({ input }, { value }) {
    const extents = numbers(input);
    if (extents.some((d) => d < 0)) throw new RangeError(`an extent is negative: ${extents.join(", ")}`);
    const { dtype, value: element } = fillOf(value);
    return [splatLiteral(dtype, extents, element).load()];
  },

  lower({ input }, { value }, l) {
    const y = l.output(0);
    const { dtype } = tensorOf(y);
    const element = wideLiteral(dtype, fillOf(value).value);
    if (isUnranked(y)) return l.call("ops::fill_tensor", [element, read(input), grow(y)], { fallible: true });
    bindExtents(l, y, "ops::given_extents", [read(input)]);
    l.call("ops::fill_wide", [element, write(y)]);
  },
});

function extentOf(d: Dim | undefined, ctx: InferContext): Dim {
  if (d === undefined) return ctx.fresh();
  if (typeof d === "number" && d < 0) ctx.fail("E0201", { what: "an extent", expected: "0 or more", found: d });
  return d;
}

/** What is known of small vectors of integers, which may be shapes in turn. */
function repeated(dtype: DType, value: Element, extents: readonly Dim[]): Contents | undefined {
  const count = extents[0] ?? 1;
  const known = (dtype === "i64" || dtype === "i32") && Number.isSafeInteger(Number(value));
  if (!known || extents.length > 1 || typeof count !== "number" || count > 256) return undefined;
  return new Array<number>(count).fill(Number(value));
}

function asLiteral(node: ImportNode, _: number, b: Builder): ImportNode | readonly Value[] {
  const [input] = node.inputs;
  const given = node.attributes.find((a) => a.name === "value");
  const value = given?.kind === "tensor" ? given.value : undefined;
  const extents = input && contentsIn(input);
  const isKnown = extents?.every((d): d is number => typeof d === "number" && d >= 0);
  const strange = given && !value;
  if (!isKnown || strange || (value && sizeOf(value.shape) !== 1)) return node;
  const fill = fillOf(value);
  if (!fillable.includes(fill.dtype)) return node;
  return [b.literal(splatLiteral(fill.dtype, extents as number[], fill.value))];
}
