/**
 * Elementwise functions of two arrays: a row per operator. `c[i] = f(a[i], b[i])`, operands broadcast as in NumPy.
 *
 * Integers wrap. Their division truncates; by zero it gives 0, as does the remainder (ONNX leaves it undefined). Rows of
 * comparisons are in `comparison.ts`, of truth values in `logical.ts`.
 * Source: https://onnx.ai/onnx/operators/ under the operator's name.
 */
import * as dim from "../ir/dim.ts";
import { type DType, isInteger } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { applyFn, input, type MapFn } from "../ir/map_expr.ts";
import { defineOp, type InferContext, type OnnxBinding, type OpDef } from "../ir/op_def.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { all, isNonNegative, type Known, mapContents } from "./contents.ts";
import { dtypeIn, integers, isFloatType, lowerBinary, lowerMap, mapElements, numeric } from "./elementwise.ts";
import { sinceSeven } from "./legacy_broadcast.ts";
import { mapNumbers } from "./numeric.ts";
import { broadcastShapes, sameDType, shapeIn } from "./shape_rules.ts";

export interface BinaryRow {
  readonly name: string;
  readonly type: string;
  readonly since: readonly number[];
  readonly adapt?: OnnxBinding["adapt"];
  readonly summary: string;
  readonly dtypes: readonly DType[];
  /** Element type of the result; the operands' by default. */
  readonly result?: "bool";
  /** The function of fused loops, for f32. */
  readonly map?: MapFn;
  /** Reference for floats and truth values. */
  readonly f: (a: number, b: number) => number;
  /** Reference for integers; the result wraps. */
  readonly integer?: (a: bigint, b: bigint) => bigint;
  /** Rust over `a` and `b` of a wide type. */
  readonly rust: (wide: string) => string;
  /** What happens to known elements of shapes. */
  readonly contents?: (...x: Known[]) => Known;
  readonly error: string;
}

type Operands = { readonly a: "required"; readonly b: "required" };
type Result = { readonly c: "required" };

/** Type and shape of the result of an elementwise operator. */
export function inferBroadcast(
  operands: readonly Value[],
  dtypes: readonly DType[],
  ctx: InferContext,
): { dtype: DType; shape: readonly dim.Dim[] } {
  for (const v of operands) dtypeIn(v, `%${v.name}`, dtypes, ctx);
  const shapes = operands.map((v) => shapeIn(v, `%${v.name}`, ctx));
  return { dtype: sameDType(operands, ctx), shape: broadcastShapes(shapes, ctx) as readonly dim.Dim[] };
}

/** The operator of a row. */
export function binaryOp(row: BinaryRow): OpDef<Operands, Result, Record<string, never>> {
  return defineOp<Operands, Result, Record<string, never>>({
    name: row.name,
    summary: row.summary,
    onnx: { type: row.type, since: row.since, adapt: row.adapt ?? sinceSeven },
    inputs: { a: "required", b: "required" },
    outputs: { c: "required" },
    attrs: {},
    error: row.error,

    infer({ a, b }, _, ctx) {
      const { dtype, shape } = inferBroadcast([a, b], row.dtypes, ctx);
      const type = tensorType(row.result ?? dtype, shape);
      return [row.contents ? mapContents(type, [a, b], row.contents) : type];
    },

    evaluate({ a, b }) {
      return [evaluateBinary(row, a, b)];
    },

    lower({ a, b }, _, l) {
      const c = l.output(0);
      if (row.map && tensorOf(a).dtype === "f32") lowerMap(l, applyFn(row.map, input(0), input(1)), [a, b], c);
      else lowerBinary(l, [a, b], c, row.rust);
    },
  });
}

function evaluateBinary({ integer, f, result }: BinaryRow, a: Tensor, b: Tensor): Tensor {
  const dtype = result ?? a.dtype;
  if (integer && isInteger(a.dtype)) return mapElements(dtype, [a, b], (x, y) => integer(BigInt(x), BigInt(y)));
  return mapNumbers(dtype, [a, b], f);
}

const since14 = [1, 6, 7, 13, 14];
const arithmetic = (row: Omit<BinaryRow, "since" | "dtypes">): ReturnType<typeof binaryOp> =>
  binaryOp({ since: since14, dtypes: numeric, ...row });

export const add = arithmetic({
  name: "add",
  type: "Add",
  summary: "Sum.",
  map: "add",
  f: (a, b) => a + b,
  integer: (a, b) => a + b,
  rust: (t) => (isFloatType(t) ? "a + b" : "a.wrapping_add(b)"),
  contents: all(dim.add),
  error: "correctly rounded",
});
export const sub = arithmetic({
  name: "sub",
  type: "Sub",
  summary: "Difference.",
  map: "sub",
  f: (a, b) => a - b,
  integer: (a, b) => a - b,
  rust: (t) => (isFloatType(t) ? "a - b" : "a.wrapping_sub(b)"),
  contents: all(dim.sub),
  error: "correctly rounded",
});
export const mul = arithmetic({
  name: "mul",
  type: "Mul",
  summary: "Product.",
  map: "mul",
  f: (a, b) => a * b,
  integer: (a, b) => a * b,
  rust: (t) => (isFloatType(t) ? "a * b" : "a.wrapping_mul(b)"),
  contents: all(dim.mul),
  error: "correctly rounded",
});
export const div = arithmetic({
  name: "div",
  type: "Div",
  summary: "Quotient; of integers, truncated.",
  map: "div",
  f: (a, b) => a / b,
  integer: (a, b) => (b === 0n ? 0n : a / b),
  rust: (t) => (isFloatType(t) ? "a / b" : "if b == 0 { 0 } else { a.wrapping_div(b) }"),
  contents: all(quotient),
  error: "correctly rounded",
});

/** Truncated, which is ⌊a / b⌋ only where neither can be negative. */
function quotient(a: dim.Dim, b: dim.Dim): Known {
  if (typeof a === "number" && typeof b === "number") return b === 0 ? undefined : Math.trunc(a / b) + 0;
  return b !== 0 && isNonNegative(a) && isNonNegative(b) ? dim.floorDiv(a, b) : undefined;
}

const bitwise = (row: Pick<BinaryRow, "name" | "type" | "summary" | "integer"> & { op: string }) =>
  binaryOp({ ...row, since: [18], dtypes: integers, f: () => Number.NaN, rust: () => `a ${row.op} b`, error: "exact" });

export const bitwiseAnd = bitwise({
  name: "bitwise_and",
  type: "BitwiseAnd",
  summary: "Bits set in both.",
  integer: (a, b) => a & b,
  op: "&",
});
export const bitwiseOr = bitwise({
  name: "bitwise_or",
  type: "BitwiseOr",
  summary: "Bits set in either.",
  integer: (a, b) => a | b,
  op: "|",
});
export const bitwiseXor = bitwise({
  name: "bitwise_xor",
  type: "BitwiseXor",
  summary: "Bits set in one of the two.",
  integer: (a, b) => a ^ b,
  op: "^",
});

export const binary = [add, sub, mul, div, bitwiseAnd, bitwiseOr, bitwiseXor];
