/**
 * Training: each element is 0 with probability `ratio`, else scaled by `1 / (1 − ratio)`; the mask says which are kept.
 * Otherwise (no `training_mode`, or false) the input itself, all kept.
 *
 * An element is kept where NumPy's `RandomState(seed).uniform()` is at least the ratio, as in ONNX's reference. Without
 * `seed` the numbers differ from call to call. Source: https://onnx.ai/onnx/operators/onnx__Dropout.html
 */
import { attr, optional } from "../ir/attr.ts";
import type { Builder } from "../ir/builder.ts";
import { isStatic, product } from "../ir/dim.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode, type InferContext } from "../ir/op_def.ts";
import { floats, option, read, rust, write } from "../ir/plan.ts";
import { allocate, type NumberArray, numbers } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { cast } from "./cast.ts";
import { dtypeIn, float8s, ieeeFloats } from "./elementwise.ts";
import { generator } from "./mersenne_twister.ts";
import { toElement } from "./numeric.ts";
import { expectExtents } from "./operands.ts";
import { seedArg } from "./random.ts";
import { shapeIn } from "./shape_rules.ts";

const dtypes = [...ieeeFloats, ...float8s];

export const dropout = defineOp({
  name: "dropout",
  summary: "Elements zeroed at random in training; the input itself otherwise.",
  onnx: { type: "Dropout", since: [1, 6, 7, 10, 12, 13, 22], adapt: adaptDropout },
  inputs: { data: "required", ratio: "optional", training_mode: "optional" },
  outputs: { output: "required", mask: "optional" },
  attrs: { seed: attr.int(optional) },
  pure: false,
  error: "correctly rounded",

  infer({ data, ratio, training_mode }, _, ctx) {
    const dtype = dtypeIn(data, "data", dtypes, ctx);
    if (ratio) checkScalar(ratio, "ratio", dtypes, ctx);
    if (training_mode) checkScalar(training_mode, "training_mode", ["bool"], ctx);
    const shape = shapeIn(data, "data", ctx);
    return [tensorType(dtype, shape), tensorType("bool", shape)];
  },

  evaluate({ data, ratio, training_mode }, { seed }) {
    const values = numbers(data);
    const limit = ratio ? Number(ratio.data[0]) : 0.5;
    const training = Number(training_mode?.data[0] ?? 0) !== 0 && limit !== 0;
    const g = generator(seed);
    const mask = values.map(() => (training ? Number(g.uniform() >= limit) : 1));
    const y = allocate(data.dtype, values.length) as NumberArray;
    const scale = training ? 1 / (1 - limit) : 1;
    values.forEach((v, i) => {
      y[i] = mask[i] ? toElement(data.dtype, v * scale) : 0;
    });
    return [
      { ...data, data: y },
      { dtype: "bool", shape: data.shape, data: Uint8Array.from(mask) },
    ];
  },

  lower({ data, ratio, training_mode }, { seed }, l) {
    const [y, mask] = l.outputs;
    const training = training_mode && l.constant(training_mode);
    if (!training_mode || training?.[0] === 0) {
      if (y) l.view(data, y);
      if (mask) l.call("ops::fill_wide", [rust("true"), write(mask)]);
      return;
    }
    for (const v of [ratio, training_mode]) if (v) expectExtents(l, [product(shapeOf(v))], [1]);
    l.call("ops::dropout", [
      ...[read(data), ratio ? read(ratio) : floats([0.5], "f64"), read(training_mode), seedArg(seed)],
      ...[option(y && write(y)), option(mask && write(mask))],
    ]);
  },
});

function checkScalar(v: Value, what: string, allowed: typeof dtypes, ctx: InferContext): void {
  dtypeIn(v, what, allowed, ctx);
  const count = product(shapeIn(v, what, ctx));
  if (isStatic(count) && count !== 1) ctx.fail("E0201", { what: `elements of ${what}`, expected: 1, found: count });
}

/**
 * Before version 12 the ratio was an attribute; before 7 training was the default and `is_test` turned it off; 7 and 10 are
 * for inference only. Up to 7 the mask had the type of the data.
 */
function adaptDropout(node: ImportNode, version: number, b: Builder): ImportNode | readonly (Value | undefined)[] {
  const [data] = node.inputs;
  if (version >= 12 || data?.type.kind !== "tensor") return node;
  const given = (name: string) => node.attributes.find((a) => a.name === name);
  const ratio = given("ratio");
  const isTest = given("is_test");
  const training = version < 7 && !(isTest?.kind === "int" && isTest.value !== 0n);
  const inputs = {
    data,
    ratio: b.scalar("f32", ratio?.kind === "float" ? ratio.value : 0.5),
    training_mode: b.scalar("bool", training ? 1 : 0),
  };
  const [output, mask] = b.emitAll(dropout, inputs, {}, node.outputCount);
  if (!mask || version >= 10) return [output, mask];
  return [output, b.emit(cast, { input: mask }, { to: tensorOf(data).dtype })];
}
