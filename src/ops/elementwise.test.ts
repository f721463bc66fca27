/** Elementwise operators: corners that ONNX's own cases do not reach. Data and one check. */
import { describe, expect, test } from "vitest";
import { Builder, Names } from "../ir/builder.ts";
import type { DType } from "../ir/dtype.ts";
import { interpret } from "../ir/interpret.ts";
import type { AnyOpDef } from "../ir/op_def.ts";
import { type Tensor, tensor } from "../ir/tensor.ts";
import {
  celu,
  elu,
  gelu,
  hardSwish,
  leakyRelu,
  mish,
  relu,
  selu,
  shrink,
  swish,
  thresholdedRelu,
} from "./activations.ts";
import { add, bitwiseXor, div, mul, sub } from "./binary.ts";
import { bitCast } from "./bit_cast.ts";
import { bitShift } from "./bit_shift.ts";
import { cast } from "./cast.ts";
import { clip } from "./clip.ts";
import { equal, greaterOrEqual, less } from "./comparison.ts";
import { dequantizeLinear } from "./dequantize_linear.ts";
import { dynamicQuantizeLinear } from "./dynamic_quantize_linear.ts";
import { isInf } from "./logical.ts";
import { mod } from "./mod.ts";
import { pow } from "./pow.ts";
import { prelu } from "./prelu.ts";
import { quantizeLinear } from "./quantize_linear.ts";
import { randomNormal, randomUniform } from "./random.ts";
import { range } from "./range.ts";
import { abs, acosh, neg, round, sign, softplus } from "./unary.ts";
import { max, mean, sum } from "./variadic.ts";
import { where } from "./where.ts";
import { hammingWindow } from "./windows.ts";

type Elements = readonly (number | bigint | string)[];
/** An array as `[dtype, elements]`, a scalar as `[dtype, element]`, or a tensor with a shape of its own. */
type Operand = readonly [DType, Elements | number | bigint | string] | Tensor;

const asTensor = (x: Operand): Tensor => {
  if ("dtype" in x) return x;
  const [dtype, values] = x;
  return Array.isArray(values) ? tensor(dtype, [values.length], values) : tensor(dtype, [], [values as number]);
};

function run(op: unknown, operands: readonly Operand[], attrs: Record<string, unknown> = {}): Tensor {
  const b = new Builder(new Names(), ["node"]);
  const def = op as AnyOpDef;
  const tensors = operands.map(asTensor);
  const values = tensors.map((t) => b.value("x", { kind: "tensor", dtype: t.dtype, shape: t.shape }));
  const defaults = Object.fromEntries(
    Object.entries(def.attrs as Record<string, { default: unknown }>).map(([name, spec]) => [name, spec.default]),
  );
  const { outputs } = b.emitOp(def, values, { ...defaults, ...attrs }, [true]);
  const f = { name: "f", inputs: values, ops: b.ops, outputs: [outputs[0] as (typeof values)[0]] };
  return interpret(f, tensors)[0] as Tensor;
}

const { NaN: nan, Infinity: inf } = globalThis;
const least = -(2n ** 63n);

const exact: readonly [string, unknown, readonly Operand[], Record<string, unknown>, Elements][] = [
  ["the absolute value of the least integer is itself", abs, [["i8", [-128, -3]]], {}, [-128, 3]],
  ["and of the least long", abs, [["i64", [least]]], {}, [least]],
  ["negation wraps", neg, [["i16", [-32768, 5]]], {}, [-32768, -5]],
  ["sign keeps NaN", sign, [["f32", [nan, -2, 0]]], {}, [nan, -1, 0]],
  ["halves go to even", round, [["f64", [0.5, 1.5, -0.5, -2.5, 2.4]]], {}, [0, 2, -0, -2, 2]],
  ["relu of NaN is NaN", relu, [["f32", [nan, -1, inf]]], {}, [nan, 0, inf]],
  ["relu of integers", relu, [["i64", [-5n, 5n]]], {}, [0n, 5n]],
  ["leaky relu of infinities", leakyRelu, [["f64", [-inf, inf]]], { alpha: 0.5 }, [-inf, inf]],
  ["elu far left", elu, [["f64", [-1000]]], { alpha: 2 }, [-2]],
  ["celu at infinities", celu, [["f64", [-inf, inf, nan]]], { alpha: 2 }, [-2, inf, nan]],
  ["thresholds are exclusive", thresholdedRelu, [["f32", [1, 1.5]]], { alpha: 1 }, [0, 1.5]],
  [
    "shrink casts its parameters to integers",
    shrink,
    [["i32", [-5, -1, 0, 1, 5]]],
    { bias: 1.5, lambd: 1.5 },
    [-4, 0, 0, 0, 4],
  ],
  ["softplus does not overflow", softplus, [["f64", [1000, -1000]]], {}, [1000, 0]],
  [
    "sums wrap",
    add,
    [
      ["i32", [2 ** 31 - 1]],
      ["i32", [1]],
    ],
    {},
    [-(2 ** 31)],
  ],
  [
    "products of 32 bits wrap exactly",
    mul,
    [
      ["i32", [0x7fffffff]],
      ["i32", [0x7fffffff]],
    ],
    {},
    [1],
  ],
  [
    "differences of unsigned wrap",
    sub,
    [
      ["u8", [1]],
      ["u8", [2]],
    ],
    {},
    [255],
  ],
  [
    "division truncates, and by zero gives 0",
    div,
    [
      ["i64", [-7n, 7n, 1n, least]],
      ["i64", [2n, -2n, 0n, -1n]],
    ],
    {},
    [-3n, -3n, 0n, least],
  ],
  [
    "the sign of mod is the divisor's",
    mod,
    [
      ["i32", [-7, 7, 7]],
      ["i32", [3, -3, 0]],
    ],
    {},
    [2, -2, 0],
  ],
  [
    "and with fmod the dividend's",
    mod,
    [
      ["i8", [-7, 7]],
      ["i8", [3, -3]],
    ],
    { fmod: true },
    [-1, 1],
  ],
  [
    "fmod of infinities",
    mod,
    [
      ["f64", [inf, 5, 5]],
      ["f64", [2, inf, 0]],
    ],
    { fmod: true },
    [nan, 5, nan],
  ],
  [
    "bits",
    bitwiseXor,
    [
      ["u64", [2n ** 64n - 1n]],
      ["u64", [1n]],
    ],
    {},
    [2n ** 64n - 2n],
  ],
  [
    "shifts by the width give 0",
    bitShift,
    [
      ["u8", [255, 255]],
      ["u8", [8, 4]],
    ],
    { direction: "LEFT" },
    [0, 240],
  ],
  [
    "longs are compared exactly",
    less,
    [
      ["i64", [2n ** 53n]],
      ["i64", [2n ** 53n + 1n]],
    ],
    {},
    [1],
  ],
  [
    "NaN is not equal",
    equal,
    [
      ["f32", [nan]],
      ["f32", [nan]],
    ],
    {},
    [0],
  ],
  [
    "nor greater or equal",
    greaterOrEqual,
    [
      ["f16", [nan, 1]],
      ["f16", [1, 1]],
    ],
    {},
    [0, 1],
  ],
  [
    "strings are equal",
    equal,
    [
      ["string", ["a", "b"]],
      ["string", ["a"]],
    ],
    {},
    [1, 0],
  ],
  [
    "1 to any power",
    pow,
    [
      ["f64", [1, -1, 2]],
      ["f64", [nan, inf, 0]],
    ],
    {},
    [1, 1, 1],
  ],
  [
    "negative powers of integers",
    pow,
    [
      ["i64", [2n, -1n, 0n]],
      ["i64", [-1n, -3n, -1n]],
    ],
    {},
    [0n, -1n, 0n],
  ],
  [
    "powers wrap",
    pow,
    [
      ["i32", [3]],
      ["i64", [40n]],
    ],
    {},
    [Number(BigInt.asIntN(32, 3n ** 40n))],
  ],
  [
    "integers to float powers saturate",
    pow,
    [
      ["i32", [10, 2]],
      ["f32", [12, 0.5]],
    ],
    {},
    [2 ** 31 - 1, 1],
  ],
  [
    "a maximum with NaN is NaN",
    max,
    [
      ["f32", [nan, 1]],
      ["f32", [1, nan]],
      ["f32", [2, 2]],
    ],
    {},
    [nan, nan],
  ],
  [
    "sums of many",
    sum,
    [
      ["f64", [1]],
      ["f64", [2, 3]],
      ["f64", [4]],
    ],
    {},
    [7, 8],
  ],
  [
    "means are rounded once",
    mean,
    [
      ["f16", [2048]],
      ["f16", [1]],
      ["f16", [1]],
    ],
    {},
    [683.5],
  ],
  [
    "min above max gives max",
    clip,
    [
      ["i32", [1, 5, 9]],
      ["i32", 7],
      ["i32", 3],
    ],
    {},
    [3, 3, 3],
  ],
  [
    "slopes of longs",
    prelu,
    [
      ["i64", [-3n, 3n]],
      ["i64", [2n]],
    ],
    {},
    [-6n, 3n],
  ],
  [
    "strings are chosen",
    where,
    [
      ["bool", [1, 0]],
      ["string", ["a"]],
      ["string", ["b"]],
    ],
    {},
    ["a", "b"],
  ],
  ["only negative infinity", isInf, [["f8e5m2", [inf, -inf, nan]]], { detect_positive: false }, [0, 1, 0]],
  ["floats are truncated", cast, [["f32", [-1.9, 300, nan, 1e30]]], { to: "i32" }, [-1, 300, 0, 2 ** 31 - 1]],
  ["and small integers keep the low bits", cast, [["f64", [-1, 300]]], { to: "u8" }, [255, 44]],
  ["longs keep the low bits", cast, [["i64", [-1n, 2n ** 40n + 5n]]], { to: "u32" }, [2 ** 32 - 1, 5]],
  ["a long is rounded once", cast, [["i64", [2n ** 60n + 2n ** 52n + 1n]]], { to: "bf16" }, [2 ** 60 + 2 ** 53]],
  ["NaN is true", cast, [["f32", [nan, -0, 0.1]]], { to: "bool" }, [1, 0, 1]],
  ["text is read", cast, [["string", [" 12", "-inf", "1e2", "NaN"]]], { to: "f32" }, [12, -inf, 100, nan]],
  ["also as integers", cast, [["string", ["9007199254740993", "2.9"]]], { to: "i64" }, [9007199254740993n, 2n]],
  [
    "text is written",
    cast,
    [["f32", [0.1, 1e21, 1.5e-7, -0, nan]]],
    { to: "string" },
    ["0.1", "1000000000000000000000", "0.00000015", "-0", "NaN"],
  ],
  ["without saturation", cast, [["f32", [1e6, -inf]]], { to: "f8e5m2", saturate: false }, [inf, -inf]],
  ["e8m0 rounds down", cast, [["f32", [3, 1e-45]]], { to: "f8e8m0", round_mode: "down" }, [2, 2 ** -127]],
  ["bits of four", bitCast, [["i4", [-1, 3]]], { to: "u4" }, [15, 3]],
  ["bits of a float", bitCast, [["f32", [1, -0]]], { to: "i32" }, [0x3f800000, -(2 ** 31)]],
  [
    "quotients are rounded to the precision",
    quantizeLinear,
    [
      ["f32", [2049]],
      ["f16", 1],
    ],
    {},
    [255],
  ],
  [
    "NaN becomes the zero point",
    quantizeLinear,
    [
      ["f32", [nan, -1e9]],
      ["f32", 1],
      ["i8", 5],
    ],
    {},
    [5, -128],
  ],
  [
    "two bits",
    quantizeLinear,
    [
      ["f32", [-9, -1, 0.6, 9]],
      ["f32", 1],
    ],
    { output_dtype: 26 },
    [-2, -1, 1, 1],
  ],
  [
    "blocks of an axis",
    dequantizeLinear,
    [
      ["i8", [1, 2, 3, 4, 5]],
      ["f32", [1, 10, 100]],
    ],
    { axis: 0, block_size: 2 },
    [1, 2, 30, 40, 500],
  ],
  ["zeros quantise to zeros", dynamicQuantizeLinear, [["f32", [0, 0]]], {}, [0, 0]],
  [
    "a range that counts down",
    range,
    [
      ["i16", 5],
      ["i16", -2],
      ["i16", -3],
    ],
    {},
    [5, 2, -1],
  ],
  [
    "an empty range",
    range,
    [
      ["f32", 5],
      ["f32", 5],
      ["f32", 1],
    ],
    {},
    [],
  ],
  // numpy.random.RandomState(3).random_sample(2) and .standard_normal(3)
  [
    "uniform numbers are NumPy's",
    randomUniform,
    [],
    { shape: [2], seed: 3, dtype: "f64" },
    [0.5507979025745755, 0.7081478226181048],
  ],
  [
    "normal numbers are NumPy's",
    randomNormal,
    [],
    { shape: [3], seed: 3, dtype: "f64" },
    [1.7886284734303186, 0.43650985051198943, 0.09649746807200862],
  ],
];

describe("exact results", () => {
  test.each(exact)("%s", (_, op, operands, attrs, expected) => {
    expect([...run(op, operands, attrs).data]).toEqual([...expected]);
  });
});

/** Against values of C's libm. */
const close: readonly [string, unknown, number, Record<string, unknown>, number][] = [
  ["elu near 0", elu, -1e-10, {}, -9.9999999995e-11],
  ["selu", selu, -1, {}, -1.1113307412864784],
  ["mish", mish, 1.5, {}, 1.4033782663958028],
  ["gelu", gelu, -2, {}, -0.04550026389635842],
  ["gelu by tanh", gelu, -2, { approximate: "tanh" }, -0.04540230591222494],
  ["swish", swish, 3, { alpha: 0.5 }, 2.452723428580931],
  ["hard swish", hardSwish, 1, {}, 0.6666666716337204],
  ["acosh near 1", acosh, 1.0001, {}, 0.014142017775251547],
];

test.each(close)("%s", (_, op, x, attrs, expected) => {
  const y = run(op, [["f64", [x]]], attrs).data[0] as number;
  expect(Math.abs(y / expected - 1)).toBeLessThan(1e-9);
});

test("a symmetric window", () => {
  const y = run(hammingWindow, [["i64", 3n]], { periodic: false, output_datatype: "f64" });
  expect([...y.data].map((v) => Number(v).toFixed(6))).toEqual(["0.086957", "1.000000", "0.086957"]);
});

/** Operators refuse what ONNX does not allow. */
const refused: readonly [string, unknown, readonly Operand[], Record<string, unknown>][] = [
  ["integers have no sine", acosh, [["i32", [1]]], {}],
  [
    "types must agree",
    add,
    [
      ["f32", [1]],
      ["f64", [1]],
    ],
    {},
  ],
  [
    "shapes must broadcast",
    add,
    [
      ["f32", [1, 2]],
      ["f32", [1, 2, 3]],
    ],
    {},
  ],
  [
    "slopes do not widen",
    prelu,
    [
      ["f32", [1]],
      ["f32", [1, 2]],
    ],
    {},
  ],
  [
    "floats need fmod",
    mod,
    [
      ["f32", [1]],
      ["f32", [1]],
    ],
    {},
  ],
  ["complex numbers are no target", cast, [["f32", [1]]], { to: "c64" }],
  ["widths must agree", bitCast, [["f32", [1]]], { to: "i64" }],
  [
    "zero is no step",
    range,
    [
      ["i64", [1n]],
      ["i64", [3n]],
      ["f32", [1]],
    ],
    {},
  ],
  [
    "bounds are scalars",
    clip,
    [
      ["f32", [1]],
      ["f32", [1, 2]],
    ],
    {},
  ],
  [
    "scales fit the axis",
    quantizeLinear,
    [
      ["f32", [1, 2, 3]],
      ["f32", [1, 2]],
    ],
    { axis: 0 },
  ],
];

test.each(refused)("refused: %s", (_, op, operands, attrs) => {
  expect(() => run(op, operands, attrs)).toThrow();
});
