/**
 * Operations all of whose inputs are constants are done while compiling, by the interpreter.
 *
 * Left alone: random generators, results larger than `maxBytes` that are larger than what they are made of (a
 * `ConstantOfShape` of a terabyte is one number until somebody needs it), and whatever fails on its data: that error
 * belongs to the run.
 */
import { isStatic } from "../ir/dim.ts";
import { bytesOf } from "../ir/dtype.ts";
import { evaluateConstant, isConstant } from "../ir/fold.ts";
import { type Op, tensorOf, type Value } from "../ir/graph.ts";
import { literalOf } from "../ir/literal.ts";
import { sizeOf, type Tensor } from "../ir/tensor.ts";
import type { Pass } from "./pass.ts";
import { rewriteOps, type Site } from "./rewrite.ts";

const maxBytes = 1 << 22;
/** Element-operations that folding one operation may take. */
const maxWork = 1 << 27;

export const foldConstants: Pass = {
  name: "fold-constants",
  summary: "operations on constants are done while compiling",
  optional: true,
  run: (program) => rewriteOps(program, fold),
};

function fold(site: Site): readonly (Value | undefined)[] | undefined {
  const { op, builder } = site;
  if (!isConstant(op) || !isWorthIt(op)) return undefined;
  const results = evaluateConstant(op);
  return (
    results && op.outputs.map((v, i) => (v ? builder.literal(literalOf(results[i] as Tensor), v.name) : undefined))
  );
}

function isWorthIt(op: Op): boolean {
  const size = (v: Value): number | undefined => {
    if (v.type.kind !== "tensor") return undefined;
    const { shape, dtype } = tensorOf(v);
    return shape?.every(isStatic) ? sizeOf(shape as number[]) * bytesOf(dtype) : 0;
  };
  let output = 0;
  for (const v of op.outputs) {
    const bytes = v ? size(v) : 0;
    if (bytes === undefined) return false;
    output += bytes;
  }
  const input = op.inputs.reduce((n, v) => n + (v ? (size(v) ?? 0) : 0), 0);
  const splats = op.inputs.every((v) => v?.literal?.splat !== undefined || !v);
  if (output > maxBytes && (output > 2 * input || splats)) return false;
  const macs = op.def.macs?.(namedInputs(op), op.attrs, op.outputs);
  return typeof macs !== "number" || macs <= maxWork;
}

const namedInputs = (op: Op): Record<string, Value | undefined> =>
  Object.fromEntries(Object.keys(op.def.inputs as object).map((name, i) => [name, op.inputs[i]]));
