/**
 * MatMul and Gemm whose right operand is a constant matrix become `linear`: its weights are packed when compiling, with
 * alpha, beta and transposition applied to them.
 */
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { type Literal, lazyLiteral } from "../ir/literal.ts";
import type { Tensor } from "../ir/tensor.ts";
import { gemm } from "../ops/gemm.ts";
import { linear } from "../ops/linear.ts";
import { matmul } from "../ops/matmul.ts";
import type { Pass } from "./pass.ts";
import { rewriteOps, type Site } from "./rewrite.ts";

export const formLinear: Pass = {
  name: "form-linear",
  summary: "products with constant matrices have their weights packed",
  optional: true,
  run: (program) =>
    rewriteOps(program, (site) => {
      if (site.op.def === matmul) return fromMatMul(site);
      return site.op.def === gemm ? fromGemm(site) : undefined;
    }),
};

/** A constant f32 matrix. */
const isWeight = (v: Value | undefined): v is Value =>
  v?.literal?.dtype === "f32" && v.literal.shape.length === 2 && v.literal.splat === undefined;

function fromMatMul({ op, builder }: Site): readonly Value[] | undefined {
  const [x, w] = op.inputs as [Value, Value];
  if (!isWeight(w) || tensorOf(x).dtype !== "f32" || (tensorOf(x).shape?.length ?? 0) < 2) return undefined;
  return [builder.emit(linear, { x, w })];
}

function fromGemm({ op, builder }: Site): readonly Value[] | undefined {
  const [x, w, c] = op.inputs as [Value, Value, Value | undefined];
  const { alpha, beta, transA, transB } = op.attrs as { alpha: number; beta: number; transA: boolean; transB: boolean };
  if (!isWeight(w) || transA || tensorOf(x).dtype !== "f32") return undefined;
  const [rows, columns] = (w.literal as Literal).shape as [number, number];
  const shape = transB ? [columns, rows] : [rows, columns];
  const weights =
    !transB && alpha === 1
      ? w
      : builder.literal(
          lazyLiteral("f32", shape, () => scaled(transB ? transposed(w) : loaded(w), alpha)),
          w.name,
        );
  const n = shape[1] as number;
  const bias = c && biasOf(c, n, beta);
  if (bias) return [builder.emit(linear, { x, w: weights, bias: builder.constant(bias, c.name) })];
  if (c === undefined || beta === 0) return [builder.emit(linear, { x, w: weights })];
  if (beta !== 1) return undefined;
  const [m] = shapeOf(x) as [number];
  const full = shapeOf(c).length === 2 && shapeOf(c)[0] === m && shapeOf(c)[1] === n;
  return full ? [builder.emit(linear, { x, w: weights, residual: c })] : undefined;
}

const loaded = (v: Value): Tensor => (v.literal as NonNullable<Value["literal"]>).load();

function transposed(v: Value): Tensor {
  const { shape, data } = loaded(v);
  const [rows, columns] = shape as [number, number];
  const from = data as Float32Array;
  const to = new Float32Array(from.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j] as number;
  return { dtype: "f32", shape: [columns, rows], data: to };
}

const scaled = (t: Tensor, by: number): Tensor =>
  by === 1 ? t : { ...t, data: (t.data as Float32Array).map((x) => x * by) };

/** C as one value for each column, where it is constant and no more than that. */
function biasOf(c: Value, n: number, beta: number): Tensor | undefined {
  const { literal } = c;
  if (literal?.dtype !== "f32") return undefined;
  const { shape } = literal;
  const last = shape.at(-1) ?? 1;
  if (shape.slice(0, -1).some((d) => d !== 1) || (last !== 1 && last !== n)) return undefined;
  const from = literal.load().data as Float32Array;
  return {
    dtype: "f32",
    shape: [n],
    data: Float32Array.from({ length: n }, (_, j) => (from[last === 1 ? 0 : j] as number) * beta),
  };
}
