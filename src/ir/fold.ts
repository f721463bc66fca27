/** Doing an operation while compiling: its results where all of its inputs are constants, or where its contents are known. */
import { areStatic } from "./dim.ts";
import { type Op, tensorOf, type Value } from "./graph.ts";
import { interpret, isInterpretable } from "./interpret.ts";
import { isTensor, type Tensor, tensor } from "./tensor.ts";

/** Whether an operation depends on nothing that only a run knows. */
export const isConstant = (op: Op): boolean =>
  op.def.pure !== false &&
  op.regions.length === 0 &&
  isInterpretable(op) &&
  op.inputs.every((v) => v === undefined || v.literal !== undefined);

/** Results of a constant operation; undefined if it fails on its data: that error belongs to the run. */
export function evaluateConstant(op: Op): readonly (Tensor | undefined)[] | undefined {
  const wanted = op.outputs.filter((v): v is Value => v !== undefined);
  try {
    const values = interpret({ name: "fold", inputs: [], ops: [op], outputs: wanted }, []);
    if (!values.every(isTensor)) return undefined;
    return op.outputs.map((v) => (v ? (values[wanted.indexOf(v)] as Tensor) : undefined));
  } catch {
    return undefined;
  }
}

/** The tensor that a value is, where all of its elements are known numbers. */
export function knownTensor(v: Value): Tensor | undefined {
  const { contents } = v;
  if (!contents?.every((c) => typeof c === "number")) return undefined;
  const { dtype, shape } = tensorOf(v);
  return shape && areStatic(shape) ? tensor(dtype, shape, contents as readonly number[]) : undefined;
}
