/** Types of network operators: extents as expressions, and what is refused with which code. Data and one check. */
import { describe, expect, test } from "vitest";
import { Builder, Names } from "../ir/builder.ts";
import { type Dim, symbol } from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import type { AnyOpDef } from "../ir/op_def.ts";
import { tensor } from "../ir/tensor.ts";
import { tensorType, typeText } from "../ir/types.ts";
import { averagePool, lpPool } from "./average_pool.ts";
import { batchNormalization } from "./batch_normalization.ts";
import { conv } from "./conv.ts";
import { convTranspose } from "./conv_transpose.ts";
import { det } from "./det.ts";
import { gemm } from "./gemm.ts";
import { gridSample } from "./grid_sample.ts";
import { groupNormalization } from "./group_normalization.ts";
import { layerNormalization } from "./layer_normalization.ts";
import { negativeLogLikelihoodLoss } from "./loss.ts";
import { lpNormalization } from "./lp_normalization.ts";
import { matmul } from "./matmul.ts";
import { matmulInteger } from "./matmul_integer.ts";
import { maxPool } from "./max_pool.ts";
import { maxUnpool } from "./max_unpool.ts";
import { nonMaxSuppression } from "./non_max_suppression.ts";
import { qlinearConv } from "./qlinear_conv.ts";
import { resize } from "./resize.ts";
import { roiAlign } from "./roi_align.ts";
import { softmax } from "./softmax.ts";

const [n, h, w] = [symbol("N"), symbol("H"), symbol("W")];
/** An operand: extents (of f32), a dtype with extents, a list of f32 constants, or nothing. */
type Operand = readonly Dim[] | readonly [DType, ...Dim[]] | Float32Array | undefined;
type Attrs = Readonly<Record<string, unknown>>;

function typeOf(def: AnyOpDef, operands: readonly Operand[], attrs: Attrs): string {
  const b = new Builder(new Names());
  const inputs = operands.map((o, i) => {
    if (o === undefined) return undefined;
    if (o instanceof Float32Array) return b.constant(tensor("f32", [o.length], o));
    const [first, ...rest] = o;
    return b.value(
      `x${i}`,
      typeof first === "string" ? tensorType(first as DType, rest as Dim[]) : tensorType("f32", o as readonly Dim[]),
    );
  });
  const names = Object.keys(def.inputs as object);
  const given = Object.fromEntries(inputs.map((v, i) => [names[i] as string, v]));
  return typeText((b.emit(def, given, attrs) as { type: Parameters<typeof typeText>[0] }).type);
}

const accepted: readonly (readonly [AnyOpDef, readonly Operand[], Attrs, string])[] = [
  [
    matmul,
    [
      [n, 1, 2, 3],
      [4, 3, h],
    ],
    {},
    "f32[N, 4, 2, H]",
  ],
  [matmul, [[3], [n, 3, 2]], {}, "f32[N, 2]"],
  [matmul, [[3], [3]], {}, "f32[]"],
  [matmulInteger, [["u8", n, 4], ["i8", 4, 5], undefined, ["i8", 5]], {}, "i32[N, 5]"],
  [gemm, [[4, n], [5, 4], [5]], { transA: true, transB: true }, "f32[N, 5]"],
  [
    conv,
    [
      [n, 4, h, w],
      [6, 2, 3, 5],
    ],
    { group: 2, pads: [1, 2, 1, 2], strides: [1, 2] },
    "f32[N, 6, H, ((W + 1)/2)]",
  ],
  [
    conv,
    [
      [1, 3, h],
      [8, 3, 4],
    ],
    { auto_pad: "SAME_LOWER", strides: [3] },
    "f32[1, 8, ((H + 2)/3)]",
  ],
  [
    convTranspose,
    [
      [n, 4, h, w],
      [4, 3, 2, 3],
    ],
    { group: 2, strides: [2, 1], pads: [0, 1, 0, 1] },
    "f32[N, 6, 2*H, W]",
  ],
  [
    convTranspose,
    [
      [n, 4, h],
      [4, 3, 5],
    ],
    { auto_pad: "SAME_UPPER", strides: [2] },
    "f32[N, 3, 2*H]",
  ],
  [maxPool, [[n, 3, h, w]], { kernel_shape: [2, 2], strides: [2, 2] }, "f32[N, 3, (H/2), (W/2)]"],
  [resize, [[n, 3, h, w], undefined, Float32Array.of(1, 1, 2, 0.5)], {}, "f32[N, 3, 2*H, (W/2)]"],
  [resize, [[n, 3, h, 7], undefined, Float32Array.of(1.5, 3)], { axes: [-2, -1] }, "f32[N, 3, ((3*H)/2), 21]"],
  [resize, [[n, 3, 10], undefined, Float32Array.of(1, 1, Math.fround(0.7))], {}, "f32[N, 3, 7]"],
  [
    gridSample,
    [
      [n, 3, 4, 5],
      [n, h, w, 2],
    ],
    {},
    "f32[N, 3, H, W]",
  ],
  [
    roiAlign,
    [
      [1, 3, 8, 8],
      [n, 4],
      ["i64", n],
    ],
    { output_height: 2 },
    "f32[N, 3, 2, 1]",
  ],
  [
    negativeLogLikelihoodLoss,
    [
      [n, 5, h],
      ["i64", n, h],
    ],
    { reduction: "none" },
    "f32[N, H]",
  ],
  [softmax, [["f16", n, 3]], {}, "f16[N, 3]"],
  [det, [["f64", n, 3, 3]], {}, "f64[N]"],
];

const refused: readonly (readonly [AnyOpDef, readonly Operand[], Attrs, string])[] = [
  [
    matmul,
    [
      [2, 3],
      [4, 5],
    ],
    {},
    "E0201",
  ],
  [matmul, [[], [4]], {}, "E0201"],
  [
    matmul,
    [
      ["bool", 2, 3],
      ["bool", 3, 2],
    ],
    {},
    "E0203",
  ],
  [
    matmul,
    [
      [2, 3],
      ["f64", 3, 2],
    ],
    {},
    "E0203",
  ],
  [
    matmulInteger,
    [
      ["u8", 3, 4],
      ["i8", 4, 5],
      ["u8", 4],
    ],
    {},
    "E0201",
  ],
  [gemm, [[2, 3], [3, 4], [2]], {}, "E0201"],
  [
    gemm,
    [
      [2, 3],
      [3, 4],
      [1, 2, 4],
    ],
    {},
    "E0201",
  ],
  [
    conv,
    [
      [1, 3, 8, 8],
      [4, 2, 3, 3],
    ],
    {},
    "E0201",
  ],
  [
    conv,
    [
      [1, 3, 8, 8],
      [4, 3, 3],
    ],
    {},
    "E0201",
  ],
  [conv, [[1, 3, 8, 8], [4, 3, 3, 3], [3]], {}, "E0201"],
  [
    conv,
    [
      [1, 3, 2, 2],
      [4, 3, 5, 5],
    ],
    {},
    "E0201",
  ],
  [
    conv,
    [
      [1, 4, 8, 8],
      [6, 2, 3, 3],
    ],
    { group: 4 },
    "E0202",
  ],
  [
    conv,
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
    { kernel_shape: [3, 5] },
    "E0201",
  ],
  [
    conv,
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
    { pads: [1, 1] },
    "E0202",
  ],
  [
    conv,
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
    { pads: [1, 1, -1, 1] },
    "E0202",
  ],
  [
    conv,
    [
      [1, 3, 8, 8],
      [4, 3, 3, 3],
    ],
    { strides: [0, 1] },
    "E0202",
  ],
  [
    convTranspose,
    [
      [1, 2, 3],
      [2, 1, 2],
    ],
    { pads: [3, 3] },
    "E0201",
  ],
  [qlinearConv, [["u8", 1, 3, 8], [], ["i8"], ["u8", 4, 3, 3], [], ["u8"], [], ["u8"]], {}, "E0203"],
  [maxPool, [[3, 4]], { kernel_shape: [2] }, "E0201"],
  [maxPool, [["i32", 1, 1, 4]], { kernel_shape: [2] }, "E0203"],
  [averagePool, [[1, 1, 4]], { kernel_shape: [2, 2] }, "E0202"],
  [lpPool, [[1, 1, 4]], { kernel_shape: [2], p: 0 }, "E0202"],
  [
    maxUnpool,
    [
      [1, 1, 2, 2],
      ["i64", 1, 1, 2, 3],
    ],
    { kernel_shape: [2, 2] },
    "E0201",
  ],
  [resize, [[1, 1, 4]], {}, "E0201"],
  [resize, [[1, 1, 4], undefined, Float32Array.of(1, 1, -2)], {}, "E0201"],
  [resize, [[1, 1, 4], undefined, Float32Array.of(1, 2)], {}, "E0201"],
  [resize, [["string", 1, 1, 4], undefined, Float32Array.of(1, 1, 2)], { mode: "linear" }, "E0203"],
  [
    resize,
    [[1, 1, 4], undefined, Float32Array.of(1, 1, 2)],
    { coordinate_transformation_mode: "tf_crop_and_resize" },
    "E0201",
  ],
  [
    gridSample,
    [
      [1, 3, 4, 5],
      [1, 2, 2, 3],
    ],
    {},
    "E0201",
  ],
  [
    gridSample,
    [
      ["bool", 1, 3, 4, 5],
      [1, 2, 2, 2],
    ],
    { mode: "cubic" },
    "E0203",
  ],
  [batchNormalization, [[2, 3, 4], [4], [4], [4], [4]], {}, "E0201"],
  [groupNormalization, [[2, 6, 4], [6], [6]], { num_groups: 4 }, "E0202"],
  [
    layerNormalization,
    [
      [2, 3],
      [2, 3, 1],
    ],
    {},
    "E0201",
  ],
  [layerNormalization, [[2, 3], [3]], { axis: 2 }, "E0202"],
  [lpNormalization, [[2, 3]], { p: 3 }, "E0202"],
  [
    negativeLogLikelihoodLoss,
    [
      [2, 3, 4],
      ["i64", 2, 5],
    ],
    {},
    "E0201",
  ],
  [
    nonMaxSuppression,
    [
      [1, 6, 5],
      [1, 1, 6],
    ],
    {},
    "E0201",
  ],
  [det, [[2, 3]], {}, "E0201"],
];

describe("types", () => {
  for (const [def, operands, attrs, expected] of accepted)
    test(`${def.name} ${JSON.stringify(attrs)} gives ${expected}`, () => {
      expect(typeOf(def, operands, attrs)).toBe(expected);
    });
});

describe("refusals", () => {
  for (const [i, [def, operands, attrs, code]] of refused.entries())
    test(`${i}: ${def.name} ${JSON.stringify(attrs)} is refused with ${code}`, () => {
      expect(() => typeOf(def, operands, attrs)).toThrow(code);
    });
});
