/**
 * What RNN, GRU and LSTM share: attributes, shapes, transposed weights, arguments of the kernels. With layout 1 the batch
 * comes before time in `X`, `Y` and the states.
 *
 * Source: https://onnx.ai/onnx/operators/onnx__LSTM.html and its neighbours.
 */
import { attr, optional } from "../ir/attr.ts";
import { add, type Dim, dimText, min, mul, sameDim } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import type { ImportNode, InferContext } from "../ir/op_def.ts";
import { type Arg, bool, dim, float, type Lowering, list, read, reference, struct, table, write } from "../ir/plan.ts";
import { allocate, type Tensor, type TensorData } from "../ir/tensor.ts";
import { type TensorType, tensorType } from "../ir/types.ts";
import {
  activationsOf,
  type BoundActivation,
  type CellKind,
  directionsOf,
  type RecurrentAttrs,
  type RecurrentInputs,
} from "./recurrent_cell.ts";
import { ranked, sameDType, tensorIn } from "./shape_rules.ts";

export const recurrentAttrs = {
  activations: attr.strings(optional),
  activation_alpha: attr.floats(optional),
  activation_beta: attr.floats(optional),
  clip: attr.float(optional),
  direction: attr.oneOf(["forward", "reverse", "bidirectional"], "forward"),
  hidden_size: attr.int(optional),
  layout: attr.int(0),
};

const floats: readonly DType[] = ["f32", "f64", "f16", "bf16"];
const gruTypo = "foward";

/** Version 1 could say whether `Y` is wanted (listing it does), and GRU's misspelt its default direction. */
export function adaptRecurrent(node: ImportNode): ImportNode {
  const attributes = node.attributes.filter(
    (a) => a.name !== "output_sequence" && !(a.name === "direction" && a.kind === "string" && a.value === gruTypo),
  );
  return { ...node, attributes };
}

/** Types of `Y` and the states. */
export function inferRecurrent(
  inputs: RecurrentInputs<Value>,
  attrs: RecurrentAttrs,
  kind: CellKind,
  ctx: InferContext,
): readonly TensorType[] {
  const { x, w, r, b, initial_h, initial_c, p } = inputs;
  const dtype = sameDType([x, w, r, b, initial_h, initial_c, p], ctx);
  if (!floats.includes(dtype)) ctx.fail("E0203", { what: "X", found: dtype, expected: floats.join(", ") });
  if (attrs.layout !== 0 && attrs.layout !== 1)
    ctx.fail("E0202", { name: "layout", value: attrs.layout, expected: "0 or 1" });
  if (attrs.clip !== undefined && !(attrs.clip >= 0))
    ctx.fail("E0202", { name: "clip", value: attrs.clip, expected: "0 or more" });
  const [first, second, input] = ranked(x, 3, "X", ctx) as [Dim, Dim, Dim];
  const [steps, batch] = attrs.layout === 1 ? [second, first] : [first, second];
  const directions = directionsOf(attrs);
  const hidden = ranked(r, 3, "R", ctx)[2] as Dim;
  if (attrs.hidden_size !== undefined) sized("hidden_size", attrs.hidden_size, hidden, ctx);
  const width = mul(kind.gates, hidden);
  shaped(w, "W", [directions, width, input], ctx);
  shaped(r, "R", [directions, width, hidden], ctx);
  shaped(b, "B", [directions, mul(2, width)], ctx);
  shaped(p, "P", [directions, mul(3, hidden)], ctx);
  const state = attrs.layout === 1 ? [batch, directions, hidden] : [directions, batch, hidden];
  shaped(initial_h, "initial_h", state, ctx);
  shaped(initial_c, "initial_c", state, ctx);
  checkLengths(inputs.sequence_lens, batch, ctx);
  activationsOf(attrs, kind, ctx);
  const y = attrs.layout === 1 ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
  return [tensorType(dtype, y), ...new Array<TensorType>(kind.states).fill(tensorType(dtype, state))];
}

function checkLengths(lengths: Value | undefined, batch: Dim, ctx: InferContext): void {
  if (!lengths) return;
  const { dtype } = tensorIn(lengths, "sequence_lens", ctx);
  if (dtype !== "i32") ctx.fail("E0203", { what: "sequence_lens", found: dtype, expected: "i32" });
  shaped(lengths, "sequence_lens", [batch], ctx);
}

/** Extents that are numbers, or the same expression, must agree; the rest is known when the program runs. */
function shaped(v: Value | undefined, what: string, expected: readonly Dim[], ctx: InferContext): void {
  if (!v) return;
  ranked(v, expected.length, what, ctx).forEach((d, axis) => {
    sized(`axis ${axis} of ${what}`, d, expected[axis] as Dim, ctx);
  });
}

function sized(what: string, found: Dim, expected: Dim, ctx: InferContext): void {
  if (typeof found === "number" && typeof expected === "number" && !sameDim(found, expected))
    ctx.fail("E0201", { what, expected: dimText(expected), found: dimText(found) });
}

/** Arguments that the kernels have in common, and the memory they need. */
export function recurrentArgs(
  inputs: RecurrentInputs<Value>,
  attrs: RecurrentAttrs,
  kind: CellKind,
  l: Lowering,
): { sequence: Arg; activations: Arg; w: Arg; r: Arg; scratch: { dtype: DType; length: Dim } } {
  const [first, second, input] = shapeOf(inputs.x) as [Dim, Dim, Dim];
  const [steps, batch] = attrs.layout === 1 ? [second, first] : [first, second];
  const hidden = shapeOf(inputs.r)[2] as Dim;
  const direction = attrs.direction[0]?.toUpperCase() + attrs.direction.slice(1);
  const sequence = reference(
    struct("ops::Recurrence", [
      ["steps", dim(steps)],
      ["batch", dim(batch)],
      ["inputs", dim(input)],
      ["hidden", dim(hidden)],
      ["batch_first", bool(attrs.layout === 1)],
      ["direction", struct(`ops::Direction::${direction}`)],
      ["clip", float(attrs.clip ?? Number.POSITIVE_INFINITY)],
    ]),
  );
  const width = mul(kind.gates, hidden);
  const atOnce = mul(min(steps, 16), batch);
  const length = add(add(mul(atOnce, add(input, width)), width), mul(hidden, add(mul(batch, kind.states + 1), 3)));
  return {
    sequence,
    activations: list(activationsOf(attrs, kind).map(activationArg)),
    w: transposed(inputs.w, width, input, l),
    r: transposed(inputs.r, width, hidden, l),
    scratch: { dtype: tensorOf(inputs.x).dtype === "f64" ? "f64" : "f32", length },
  };
}

function activationArg(a: BoundActivation): Arg {
  const fields: [string, Arg][] = [];
  if (a.alpha !== undefined) fields.push(["alpha", float(a.alpha)]);
  if (a.beta !== undefined) fields.push(["beta", float(a.beta)]);
  return struct(`ops::CellActivation::${a.name}`, fields);
}

/** Weights `[directions, rows, columns]` with the last axes exchanged: once while compiling if they are constants. */
function transposed(v: Value, rows: Dim, columns: Dim, l: Lowering): Arg {
  const { dtype, shape } = tensorOf(v);
  const literal = v.literal;
  if (literal && typeof rows === "number" && typeof columns === "number") {
    const length = literal.shape.reduce((a, b) => a * b, 1);
    const make = (): TensorData => transposeMatrices(literal.load(), rows, columns);
    return table({ key: `${v.name} transposed`, dtype, length, make });
  }
  const [directions] = shape as readonly Dim[];
  const t = l.temporary(dtype, [directions as Dim, columns, rows]);
  l.call("ops::transpose_matrices", [read(v), dim(rows), dim(columns), write(t)]);
  return read(t);
}

function transposeMatrices(t: Tensor, rows: number, columns: number): TensorData {
  const from = t.data as Float64Array;
  const to = allocate(t.dtype, from.length) as Float64Array;
  const size = rows * columns;
  for (let n = 0; n < from.length; n += Math.max(1, size))
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) to[n + j * rows + i] = from[n + i * columns + j] as number;
  return to;
}
