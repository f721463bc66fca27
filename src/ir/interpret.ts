/**
 * Runs a function by its operators' reference semantics: the oracle of rewrites and of generated code, and what folds
 * constants. Slow and exact: sums in double precision, one rounding per operator.
 */
import { Builder, Names } from "./builder.ts";
import { type Dim, evaluateDim, symbolName } from "./dim.ts";
import type { Func, Op, Value } from "./graph.ts";
import { type EvaluateContext, named } from "./op_def.ts";
import { isTensor, numbers, type RuntimeValue, type Tensor } from "./tensor.ts";

/** Values and sizes of one run; regions see those around them. */
class Frame {
  private readonly values = new Map<Value, RuntimeValue>();
  readonly sizes: Map<string, number>;
  private readonly parent: Frame | undefined;
  constructor(parent?: Frame, sizes = parent?.sizes ?? new Map<string, number>()) {
    this.parent = parent;
    this.sizes = sizes;
  }
  get(v: Value): RuntimeValue {
    if (v.literal) return v.literal.load();
    for (let f: Frame | undefined = this; f; f = f.parent) {
      const found = f.values.get(v);
      if (found !== undefined) return found;
    }
    throw new Error(`%${v.name} has no value`);
  }
  set(v: Value, value: RuntimeValue): void {
    this.values.set(v, value);
    bindSizes(v, value, this.sizes);
  }
}

/** Symbols that stand alone as an extent or element of `v` get the number that they have in `value`. */
function bindSizes(v: Value, value: RuntimeValue, sizes: Map<string, number>): void {
  if (!isTensor(value) || v.type.kind !== "tensor") return;
  const bind = (d: Dim | undefined, n: number | undefined): void => {
    const name = d === undefined ? undefined : symbolName(d);
    if (name !== undefined && n !== undefined) sizes.set(name, n);
  };
  v.type.shape?.forEach((d, i) => bind(d, value.shape[i]));
  if (v.contents) {
    const elements = numbers(value);
    v.contents.forEach((d, i) => bind(d, elements[i]));
  }
}

/** Runs `f`; arguments by position. Throws RangeError and the like where data does not fit. */
export function interpret(
  f: Func,
  args: readonly RuntimeValue[],
  sizes: ReadonlyMap<string, number> = new Map(),
): readonly RuntimeValue[] {
  const frame = new Frame();
  for (const [name, n] of sizes) frame.sizes.set(name, n);
  return runFunc(f, args, frame);
}

function runFunc(f: Func, args: readonly RuntimeValue[], parent: Frame): readonly RuntimeValue[] {
  const frame = new Frame(parent);
  f.inputs.forEach((v, i) => frame.set(v, args[i] as RuntimeValue));
  for (const op of f.ops) runOp(op, frame);
  return f.outputs.map((v) => frame.get(v));
}

function runOp(op: Op, frame: Frame): void {
  const results = evaluateOp(
    op,
    op.inputs.map((v) => (v ? frame.get(v) : undefined)),
    frame,
  );
  op.outputs.forEach((v, i) => {
    if (v) frame.set(v, results[i] as RuntimeValue);
  });
}

function evaluateOp(op: Op, inputs: readonly (RuntimeValue | undefined)[], frame: Frame): readonly RuntimeValue[] {
  const context: EvaluateContext = {
    outputs: op.outputs,
    wants: (i) => op.outputs[i] !== undefined,
    regions: op.regions,
    run: (region, args) => runFunc(region, args, frame),
    size(d) {
      const n = evaluateDim(d, frame.sizes);
      if (n === undefined) throw new Error(`size ${typeof d === "number" ? d : d.key} is not known`);
      return n;
    },
  };
  if (op.def.evaluate) return op.def.evaluate(named(op.def.inputs, inputs as readonly Tensor[]), op.attrs, context);
  if (op.def.evaluateValues)
    return op.def.evaluateValues(named(op.def.inputs, inputs as readonly RuntimeValue[]), op.attrs, context);
  return evaluateDecomposed(op, inputs, frame);
}

/** The operator in terms of others, over arguments whose types are those of this run. */
function evaluateDecomposed(
  op: Op,
  inputs: readonly (RuntimeValue | undefined)[],
  frame: Frame,
): readonly RuntimeValue[] {
  const builder = new Builder(new Names(), op.origins);
  const results = op.def.decompose?.(named(op.def.inputs, op.inputs), op.attrs, builder, op.outputs, op.regions);
  if (!results) throw new Error(`${op.def.name} has no reference semantics`);
  // Sizes that the decomposition mints are its own.
  const inner = new Frame(frame, new Map(frame.sizes));
  op.inputs.forEach((v, i) => {
    if (v && !v.literal) inner.set(v, inputs[i] as RuntimeValue);
  });
  for (const part of builder.ops) runOp(part, inner);
  return results.map((v) => (v ? inner.get(v) : null));
}

/** Whether the interpreter can run an operation. */
export const isInterpretable = (op: Op): boolean =>
  op.def.evaluate !== undefined || op.def.evaluateValues !== undefined || op.def.decompose !== undefined;
