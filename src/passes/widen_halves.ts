/**
 * Programs that convolve or multiply in f16 do so in f32: half precision is how values are stored, not how they are computed.
 * Operators on f16 get f32 operands and their results are rounded back; a rounding that is widened again at once is left out,
 * as inside of any fused chain. Error: that of f32, plus one rounding where an f16 value is asked for.
 */
import type { Builder } from "../ir/builder.ts";
import type { Op, Program, Value } from "../ir/graph.ts";
import { walk } from "../ir/graph.ts";
import { lazyLiteral } from "../ir/literal.ts";
import { cast } from "../ops/cast.ts";
import { conv } from "../ops/conv.ts";
import { gemm } from "../ops/gemm.ts";
import { matmul } from "../ops/matmul.ts";
import type { Pass } from "./pass.ts";
import { rewriteOps, type Site } from "./rewrite.ts";

const heavy: readonly unknown[] = [conv, gemm, matmul];

export const widenHalves: Pass = {
  name: "widen-halves",
  summary: "networks in f16 compute in f32",
  optional: true,
  run: (program) => (isHalf(program) ? rewriteOps(rewriteOps(program, widen), meet) : program),
};

const isF16 = (v: Value | undefined): v is Value => v?.type.kind === "tensor" && v.type.dtype === "f16";
const isHalf = (program: Program): boolean =>
  [...walk(program.main)].some((op) => heavy.includes(op.def) && isF16(op.inputs[0]));

function widen({ op, builder }: Site): readonly (Value | undefined)[] | undefined {
  if (op.def === cast || op.regions.length > 0 || op.fresh.length > 0 || !op.inputs.some(isF16)) return undefined;
  const made = attempt(op, builder);
  const fits = made?.outputs.every(
    (v, i) => !isF16(op.outputs[i]) || (v?.type.kind === "tensor" && v.type.dtype === "f32"),
  );
  if (!made || !fits) return undefined;
  return made.outputs.map((v, i) => (v && isF16(op.outputs[i]) ? builder.emit(cast, { input: v }, { to: "f16" }) : v));
}

/** The operation on f32 operands; undefined where its rule does not take them. */
function attempt(op: Op, builder: Builder): Op | undefined {
  const inputs = op.inputs.map((v) => (isF16(v) ? widened(v, builder) : v));
  try {
    return builder.emitOp(
      op.def,
      inputs,
      op.attrs,
      op.outputs.map((v) => v !== undefined),
    );
  } catch {
    return undefined;
  }
}

/** `v` as f32. Constants in f16 are kept as the same numbers, so they change their type alone. */
function widened(v: Value, builder: Builder): Value {
  const { literal } = v;
  if (!literal) return builder.emit(cast, { input: v }, { to: "f32" });
  const wide = lazyLiteral("f32", literal.shape, () => ({ ...literal.load(), dtype: "f32" }));
  return builder.literal(literal.splat === undefined ? wide : { ...wide, splat: literal.splat }, v.name);
}

/** A rounding to f16 whose result is widened again. */
function meet({ op, producer }: Site): readonly Value[] | undefined {
  if (op.def !== cast || op.attrs.to !== "f32" || !isF16(op.inputs[0])) return undefined;
  const before = producer(op.inputs[0]);
  const source = before?.def === cast ? before.inputs[0] : undefined;
  return source?.type.kind === "tensor" && source.type.dtype === "f32" ? [source] : undefined;
}
