/**
 * Einstein summation: `output[…] = Σ Π operands[…]` over the letters that the result lacks. Two operands at a time become a
 * matrix product between transposes where that is what they are, and a general sum of products otherwise.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__Einsum.html
 */
import { attr, required } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { type Dim, product, sameDim } from "../ir/dim.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp } from "../ir/op_def.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { dims } from "./dims.ts";
import { type Labels, labelExtents, parseEquation } from "./einsum_equation.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./reshape.ts";
import { dtypeIn, sameDType, shapeIn } from "./shape_rules.ts";
import { productDTypes, summed, sumOfProducts } from "./sum_of_products.ts";
import { transpose } from "./transpose.ts";
import { accepted } from "./window.ts";

export const einsum = defineOp({
  name: "einsum",
  summary: "Einstein summation.",
  onnx: { type: "Einsum", since: [12] },
  inputs: { inputs: "variadic" },
  outputs: { output: "required" },
  attrs: { equation: attr.string(required) },
  error: "≤ K·ε·Σ|Π| per pair of operands, K terms, ε of f32 (f64 for f64); integers are exact modulo 2ⁿ",

  infer({ inputs }, { equation }, ctx) {
    const operands = inputs as readonly Value[];
    const dtype = sameDType(operands, ctx);
    for (const v of operands) dtypeIn(v, productDTypes, `%${v.name}`, ctx);
    const shapes = operands.map((v) => shapeIn(v, `%${v.name}`, ctx));
    const { terms, output } = parseEquation(
      equation,
      shapes.map((s) => s.length),
      ctx,
    );
    const extents = labelExtents(terms, shapes, ctx);
    return [
      tensorType(
        dtype,
        output.map((label) => extents.get(label) as Dim),
      ),
    ];
  },

  evaluate({ inputs }, { equation }) {
    const operands = inputs as readonly Tensor[];
    const { terms, output } = parseEquation(
      equation,
      operands.map((t) => t.shape.length),
      accepted,
    );
    return [summed(operands, terms, output)];
  },

  decompose({ inputs }, { equation }, b) {
    const operands = inputs as readonly Value[];
    const { terms, output } = parseEquation(
      equation,
      operands.map((v) => shapeOf(v).length),
      accepted,
    );
    return [
      contract(
        operands.map((value, n) => ({ value, labels: terms[n] as Labels })),
        output,
        b,
      ),
    ];
  },
});

/** An operand with labels for its axes. */
interface Term {
  readonly value: Value;
  readonly labels: Labels;
}

/** Pair by pair from the left; what neither the result nor a later operand needs is summed over as soon as possible. */
function contract(terms: readonly Term[], output: Labels, b: Builder): Value {
  const [first, second, ...rest] = terms as [Term, Term | undefined, ...Term[]];
  if (!second) return reorder(first, output, b) ?? general([first], output, b);
  if (rest.length === 0) return pair(first, second, output, b);
  const needed = new Set([...output, ...rest.flatMap((t) => t.labels)]);
  const labels = [...new Set([...first.labels, ...second.labels])].filter((label) => needed.has(label));
  return contract([{ value: pair(first, second, labels, b), labels }, ...rest], output, b);
}

const general = (terms: readonly Term[], output: Labels, b: Builder): Value =>
  b.emit(sumOfProducts, { inputs: terms.map((t) => t.value) }, { terms: terms.map((t) => t.labels), output });

/** The term with its axes in the order `output`, if they are the same labels. */
function reorder({ value, labels }: Term, output: Labels, b: Builder): Value | undefined {
  if (labels.length !== output.length || output.some((label) => labels.indexOf(label) !== labels.lastIndexOf(label)))
    return undefined;
  const perm = output.map((label) => labels.indexOf(label));
  if (perm.includes(-1)) return undefined;
  return perm.every((axis, i) => axis === i) ? value : b.emit(transpose, { data: value }, { perm });
}

/** Labels of a pair: in both and the result, in both and summed over, in one and the result. */
interface Roles {
  readonly batch: Labels;
  readonly summed: Labels;
  readonly rows: Labels;
  readonly columns: Labels;
}

function pair(left: Term, right: Term, output: Labels, b: Builder): Value {
  const [a, c] = [reduced(left, [right.labels, output], b), reduced(right, [left.labels, output], b)];
  const both = a.labels.filter((label) => c.labels.includes(label));
  const roles: Roles = {
    batch: output.filter((label) => both.includes(label)),
    summed: both.filter((label) => !output.includes(label)),
    rows: output.filter((label) => a.labels.includes(label) && !both.includes(label)),
    columns: output.filter((label) => c.labels.includes(label) && !both.includes(label)),
  };
  return isMatrixProduct(a, c, both, roles) ? matrixProduct(a, c, roles, output, b) : general([a, c], output, b);
}

/** The term without labels that nobody else has: summed over already. */
function reduced(term: Term, others: readonly Labels[], b: Builder): Term {
  const labels = [...new Set(term.labels)].filter((label) => others.some((o) => o.includes(label)));
  return labels.length === term.labels.length ? term : { value: general([term], labels, b), labels };
}

/** Matrix products need something to sum over, and extents that are the same on both sides. */
function isMatrixProduct(a: Term, c: Term, both: Labels, { summed }: Roles): boolean {
  const extent = ({ value, labels }: Term, label: string): Dim => shapeOf(value)[labels.indexOf(label)] as Dim;
  const narrow = /^[iu](8|16)$/.test(tensorOf(a.value).dtype);
  return !narrow && summed.length > 0 && both.every((label) => sameDim(extent(a, label), extent(c, label)));
}

function matrixProduct(a: Term, c: Term, { batch, summed, rows, columns }: Roles, output: Labels, b: Builder): Value {
  const extents = labelExtents([a.labels, c.labels], [shapeOf(a.value), shapeOf(c.value)], accepted);
  const sizes = (labels: Labels): readonly Dim[] => labels.map((label) => extents.get(label) as Dim);
  const matrix = (term: Term, first: Labels, second: Labels): Value => {
    const ordered = reorder(term, [...batch, ...first, ...second], b) as Value;
    return reshaped(ordered, [...sizes(batch), product(sizes(first)), product(sizes(second))], b);
  };
  const result = b.emit(matmul, { a: matrix(a, rows, summed), b: matrix(c, summed, columns) });
  const labels = [...batch, ...rows, ...columns];
  return reorder({ value: reshaped(result, sizes(labels), b), labels }, output, b) as Value;
}

/** The value with other extents, where they differ. */
function reshaped(value: Value, extents: readonly Dim[], b: Builder): Value {
  const own = shapeOf(value);
  if (own.length === extents.length && own.every((d, i) => sameDim(d, extents[i] as Dim))) return value;
  return b.emit(reshape, { data: value, shape: b.emit(dims, {}, { values: extents }) }, { allowzero: true });
}
