/**
 * `y[o…] = Σ_s Π_n operands[n][…]`: a sum of products over labelled axes; labels that the result lacks are summed over. An
 * operator of the IR's own, what `einsum` becomes where it is no matrix product.
 */
import { attr } from "../ir/attr.ts";
import { add, type Dim, isStatic, max, min, mul, product, sameDim, sub } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import { dims, int, list, read, write } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { isUnproved, type Labels, labelExtents } from "./einsum_equation.ts";
import { eachIndex } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { type Sums, sumsOf } from "./ring.ts";
import { dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";
import { accepted } from "./window.ts";

export const productDTypes: readonly DType[] = [
  "f16",
  "f32",
  "f64",
  "bf16",
  "i8",
  "i16",
  "i32",
  "i64",
  "u8",
  "u16",
  "u32",
  "u64",
];
/** Kernels walk over at most so many axes. */
const maxLabels = 16;

export const sumOfProducts = defineOp({
  name: "sum_of_products",
  summary: "Sums of products over labelled axes.",
  inputs: { inputs: "variadic" },
  outputs: { output: "required" },
  attrs: { terms: attr.internal<readonly Labels[]>([]), output: attr.internal<Labels>([]) },
  error: "≤ K·ε·Σ|Π|, K terms, ε of f32 (f64 for f64); integers are exact modulo 2ⁿ",

  infer({ inputs }, { terms, output }, ctx) {
    const operands = inputs as readonly Value[];
    const dtype = sameDType(operands, ctx);
    for (const v of operands) dtypeIn(v, productDTypes, `%${v.name}`, ctx);
    const extents = labelExtents(
      terms,
      operands.map((v) => shapeIn(v, `%${v.name}`, ctx)),
      ctx,
    );
    if (extents.size > maxLabels)
      ctx.fail("E0202", { name: "equation", value: `of ${extents.size} letters`, expected: `at most ${maxLabels}` });
    return [
      tensorType(
        dtype,
        output.map((label) => extents.get(label) as Dim),
      ),
    ];
  },

  evaluate: ({ inputs }, { terms, output }) => [summed(inputs as readonly Tensor[], terms, output)],

  lower({ inputs }, { terms, output }, l) {
    const operands = inputs as readonly Value[];
    const shapes = operands.map(shapeOf);
    const extents = labelExtents(terms, shapes, accepted);
    const order = [...output, ...[...extents.keys()].filter((label) => !output.includes(label))];
    terms.forEach((labels, n) => {
      const unproved = labels.flatMap((label, axis) => {
        const [extent, found] = [extents.get(label) as Dim, shapes[n]?.[axis] as Dim];
        return isUnproved(label, extent, found) ? [{ extent, found }] : [];
      });
      expectExtents(
        l,
        unproved.map((u) => u.found),
        unproved.map((u) => u.extent),
      );
    });
    const strides = operands.flatMap((v, n) => {
      const steps = stepsOf(shapeOf(v), terms[n] as Labels, extents);
      return order.map((label) => steps.get(label) ?? 0);
    });
    l.call("ops::sum_of_products", [
      list(operands.map(read)),
      dims(order.map((label) => extents.get(label) as Dim)),
      int(output.length),
      dims(strides),
      write(l.output(0)),
    ]);
  },

  macs: ({ inputs }, { terms }) =>
    product([...labelExtents(terms, (inputs as readonly Value[]).map(shapeOf), accepted).values()]),
});

/** Elements from one index of a label to the next; a label that an operand has twice walks its diagonal. */
function stepsOf(shape: readonly Dim[], labels: Labels, extents: ReadonlyMap<string, Dim>): ReadonlyMap<string, Dim> {
  const steps = new Map<string, Dim>();
  labels.forEach((label, axis) => {
    const [extent, own] = [extents.get(label) as Dim, shape[axis] as Dim];
    const step = mul(product(shape.slice(axis + 1)), repeated(own, extent));
    const old = steps.get(label);
    steps.set(label, old === undefined ? step : add(step, old));
  });
  return steps;
}

/** 1, or 0 where an axis of extent 1 is read again and again. */
function repeated(own: Dim, extent: Dim): Dim {
  if (sameDim(own, extent)) return 1;
  if (isStatic(own)) return own === 1 ? 0 : 1;
  return min(max(0, sub(own, 1)), 1);
}

/** The sum by definition. */
export function summed(operands: readonly Tensor[], terms: readonly Labels[], output: Labels): Tensor {
  const extents = labelExtents(
    terms,
    operands.map((t) => t.shape),
    accepted,
  ) as ReadonlyMap<string, number>;
  const inner = [...extents.keys()].filter((label) => !output.includes(label));
  const steps = operands.map((t, n) => stepsOf(t.shape, terms[n] as Labels, extents) as ReadonlyMap<string, number>);
  const along = (labels: Labels): number[][] => steps.map((s) => labels.map((label) => s.get(label) ?? 0));
  const sizes = (labels: Labels): number[] => labels.map((label) => extents.get(label) as number);
  const sums: Sums = (ring, operand, put) => {
    const data = operands.map((_, n) => operand(n));
    eachIndex(sizes(output), along(output), (o, from) => {
      const start = [...from];
      let sum = ring.zero;
      eachIndex(sizes(inner), along(inner), (_, at) => {
        let term = ring.one;
        data.forEach((d, n) => {
          term = ring.mul(term, d[(start[n] as number) + (at[n] as number)] as typeof term);
        });
        sum = ring.add(sum, term);
      });
      put(o, sum);
    });
  };
  return sumsOf(operands, sizes(output), sums);
}
