/**
 * The tensor IR: functions of operations in SSA form, with nested regions for control flow.
 *
 * Nothing here is ever changed after it is made: a pass builds new values and operations (`builder.ts`, `rewrite.ts`).
 * A constant is a value that carries its literal and has no operation. Regions may use values of the functions around them.
 */

import type { Names } from "./builder.ts";
import type { Dim } from "./dim.ts";
import type { Literal } from "./literal.ts";
import type { AnyOpDef, AttrValues } from "./op_def.ts";
import type { TensorType, Type } from "./types.ts";

/** What is known, when compiling, of the elements of a small integer tensor; `undefined` for an element not known. */
export type Contents = readonly (Dim | undefined)[];

export interface Value {
  /** Unique in its program; the ONNX name where that is an identifier. */
  readonly name: string;
  readonly type: Type;
  /** Symbolic elements of integer tensors of rank 0 or 1 that hold shapes, axes, sizes. */
  readonly contents: Contents | undefined;
  /** Set on constants. */
  readonly literal: Literal | undefined;
}

export interface Op {
  readonly def: AnyOpDef;
  /** Positional as `def.inputs` declares; `undefined` is an absent optional input. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attrs: AttrValues;
  /** Positional; `undefined` is an output that nobody wants. */
  readonly outputs: readonly (Value | undefined)[];
  readonly regions: readonly Func[];
  /** Sizes that are known only when this operation has run (number of non-zeros …), in the order `infer` minted them. */
  readonly fresh: readonly string[];
  /** The ONNX nodes that it came from. */
  readonly origins: readonly string[];
}

export interface Func {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly ops: readonly Op[];
  readonly outputs: readonly Value[];
}

/** A whole model. */
export interface Program {
  readonly main: Func;
  /** The model's own names of `main`'s inputs and outputs, by position. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Bounds of symbolic sizes, given by `--dim N=1..32`. */
  readonly bounds: ReadonlyMap<string, { readonly min: number; readonly max: number }>;
  /** Names taken so far: passes draw new ones from here. The one thing in a program that grows. */
  readonly names: Names;
  /** File name of the model, for messages and comments. */
  readonly source: string;
}

/** A tensor value of known rank. */
export type RankedValue = Value & { readonly type: TensorType & { readonly shape: readonly Dim[] } };

/** The value's tensor type; a sequence here is a bug of ours (`infer` has checked). */
export function tensorOf(v: Value): TensorType {
  if (v.type.kind !== "tensor") throw new TypeError(`%${v.name} is no tensor`);
  return v.type;
}
/** The value's extents; the rank must be known. */
export function shapeOf(v: Value): readonly Dim[] {
  const { shape } = tensorOf(v);
  if (shape === undefined) throw new TypeError(`rank of %${v.name} is not known`);
  return shape;
}

/** All operations of a function and of its regions, outer before inner. */
export function* walk(f: Func): Generator<Op> {
  for (const op of f.ops) {
    yield op;
    for (const region of op.regions) yield* walk(region);
  }
}

/** Values that a function's operations use but that are defined outside of it, constants left out. */
export function captured(f: Func): Set<Value> {
  const own = new Set<Value>(f.inputs);
  const outer = new Set<Value>();
  const use = (v: Value | undefined): void => {
    if (v && v.literal === undefined && !own.has(v)) outer.add(v);
  };
  for (const op of f.ops) {
    op.inputs.forEach(use);
    for (const region of op.regions) captured(region).forEach(use);
    for (const out of op.outputs) if (out) own.add(out);
  }
  f.outputs.forEach(use);
  return outer;
}
