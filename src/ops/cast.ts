/**
 * Elements converted to another type: floats are rounded once, to nearest even; floats become integers by truncation;
 * integers keep their low bits; anything but 0 is true. The types of 8 bits and less saturate unless `saturate` is 0.
 *
 * What ONNX leaves undefined is defined in `convert.ts`. Strings are read as decimal numbers (also INF and NaN) and written
 * with as many digits as it takes to read the same number back, without exponent. A string that is no number is an error
 * of the run. Source: https://onnx.ai/onnx/operators/onnx__Cast.html
 */
import { attr, required } from "../ir/attr.ts";
import type { EncodeOptions } from "../ir/bits.ts";
import type { Dim } from "../ir/dim.ts";
import { bitsOf, type DType, dtypeFromOnnxText, dtypes, dtypeToOnnx, isFloat, isInteger, kindOf } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { defineOp, type ImportNode, type InferContext, type Inferred } from "../ir/op_def.ts";
import { bool, read, struct, write } from "../ir/plan.ts";
import { allocate, type Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { all, type Known, mapContents } from "./contents.ts";
import { converter } from "./convert.ts";
import { dtypeIn, type Element } from "./elementwise.ts";
import { numberText, parseNumber } from "./number_text.ts";
import { shapeIn } from "./shape_rules.ts";

const castable: readonly DType[] = dtypes.filter((d) => kindOf(d) !== "complex");

export const cast = defineOp({
  name: "cast",
  summary: "Elements converted to another type.",
  onnx: {
    type: "Cast",
    since: [1, 6, 9, 13, 19, 21, 23, 24, 25],
    adapt: (node, version) => (version === 1 ? typeByNumber(node) : node),
  },
  inputs: { input: "required" },
  outputs: { output: "required" },
  attrs: {
    to: attr.dtype(required),
    saturate: attr.bool(true),
    round_mode: attr.oneOf(["up", "down", "nearest"], "up"),
  },
  error: "rounded once",

  infer({ input }, { to }, ctx) {
    return [inferCast(input, to, ctx)];
  },

  evaluate({ input }, { to, saturate, round_mode }) {
    return [convertTensor(input, to, { saturate, roundMode: round_mode })];
  },

  lower({ input }, { to, saturate, round_mode }, l) {
    const y = l.output(0);
    const from = tensorOf(input).dtype;
    if (from === to) return l.view(input, y);
    if (to === "string") return l.call("ops::cast_to_strings", [read(input), write(y)]);
    if (from === "string") return l.call("ops::cast_from_strings", [read(input), write(y)], { fallible: true });
    if (!isFloat(to) || bitsOf(to) > 8 || (saturate && (to !== "f8e8m0" || round_mode === "up")))
      return l.call("ops::cast", [read(input), write(y)]);
    const round = struct(`float_bits::E8m0Round::${{ up: "Up", down: "Down", nearest: "Nearest" }[round_mode]}`);
    l.call("ops::cast_with", [read(input), write(y), bool(saturate), round]);
  },
});

/** The result's type; of integers what is known stays known. */
export function inferCast(input: Value, to: DType, ctx: InferContext): Inferred {
  const from = dtypeIn(input, "input", castable, ctx);
  if (kindOf(to) === "complex") ctx.fail("E0202", { name: "to", value: to, expected: "a type that is not complex" });
  const type = tensorType(to, shapeIn(input, "input", ctx));
  if (!isInteger(from) && from !== "bool") return type;
  return mapContents(type, [input], all(to === "bool" ? truth : (d) => d));
}
const truth = (d: Dim): Known => (typeof d === "number" ? Number(d !== 0) : undefined);

function convertTensor(x: Tensor, to: DType, options: EncodeOptions): Tensor {
  const f = elementConverter(x.dtype, to, options);
  const data = allocate(to, x.data.length) as Element[];
  for (let i = 0; i < data.length; i++) data[i] = f(x.data[i] as Element);
  return { dtype: to, shape: x.shape, data: data as unknown as Tensor["data"] };
}

function elementConverter(from: DType, to: DType, options: EncodeOptions): (x: Element) => Element {
  if (from === to) return (x) => x;
  if (to === "string") return (x) => numberText(from, x);
  if (from !== "string") return converter(from, to, options);
  const [ofFloat, ofInteger] = [converter("f64", to, options), converter("i64", to, options)];
  return (x) => {
    const value = parseNumber(String(x));
    return typeof value === "bigint" && !isFloat(to) ? ofInteger(value) : ofFloat(Number(value));
  };
}

/** Version 1 named the type: `to = "FLOAT"`. */
function typeByNumber(node: ImportNode): ImportNode {
  const attributes = node.attributes.map((a) => {
    const to = a.name === "to" && a.kind === "string" ? dtypeFromOnnxText(String(a.value).toLowerCase()) : undefined;
    return to ? { name: "to", kind: "int" as const, value: BigInt(dtypeToOnnx(to)) } : a;
  });
  return { ...node, attributes };
}
