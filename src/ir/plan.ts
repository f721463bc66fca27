/**
 * The kernel plan: what runs, step by step, and where every value lives. The printer of Rust sees only this.
 *
 * A step is a call of a kernel of `runtime-rs` with typed arguments, a fused map (one loop over a scalar expression), a
 * view, or control flow around nested steps.
 */
import type { Dim } from "./dim.ts";
import type { DType } from "./dtype.ts";
import type { Func, Op, Value } from "./graph.ts";
import type { MapExpr } from "./map_expr.ts";
import type { TensorData } from "./tensor.ts";

/** An argument of a kernel call, printed by the code generator as the comment says. */
export type Arg =
  /** A value's elements: `&[T]` (a sequence, optional or tensor of unknown rank: a reference to the runtime's type). */
  | { readonly kind: "read"; readonly value: Value }
  /** Room for a value whose extents are known before the call: `&mut [T]`. */
  | { readonly kind: "write"; readonly value: Value }
  /** A value whose extents the kernel finds out: `&mut Vec<T>`, or `&mut` of the runtime's type as above. */
  | { readonly kind: "grow"; readonly value: Value }
  /** Extents of a value: `&[2, d.n, 4]`. */
  | { readonly kind: "shape"; readonly value: Value }
  /** `usize`. */
  | { readonly kind: "dim"; readonly dim: Dim }
  /** `&[usize]`. */
  | { readonly kind: "dims"; readonly dims: readonly Dim[] }
  /** `&[i64]` of expressions that may be negative. */
  | { readonly kind: "integers"; readonly dims: readonly Dim[] }
  /** Temporary memory, contents undefined: `&mut [T]`. */
  | { readonly kind: "scratch"; readonly dtype: DType; readonly length: Dim }
  /** A table in `weights.bin` that the compiler makes, for example packed weights: `&[T]`. */
  | { readonly kind: "table"; readonly table: Table }
  /** The thread pool: `pool`. */
  | { readonly kind: "pool" }
  | { readonly kind: "some"; readonly arg: Arg }
  /** `&[a, b, …]` of arguments. */
  | { readonly kind: "list"; readonly items: readonly Arg[] }
  /** `[a, b, …]` by value. */
  | { readonly kind: "array"; readonly items: readonly Arg[] }
  /** `Name { field: a, … }` or `Name` of the runtime, or an enum variant. */
  | { readonly kind: "struct"; readonly name: string; readonly fields: readonly (readonly [string, Arg])[] }
  /** A value that a function of the runtime makes of arguments: `name(a, b)`; `name` may begin with `&`. */
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Arg[] }
  /** `&` of an argument that is a value. */
  | { readonly kind: "reference"; readonly to: Arg }
  /** Rust text made by `rust.ts`: literals, paths, closures. Never model text. */
  | { readonly kind: "rust"; readonly text: string };

/** Constant data in the order a kernel reads it. `key` names it in comments; equal contents are stored once. */
export interface Table {
  readonly key: string;
  readonly dtype: DType;
  readonly length: number;
  make(): TensorData;
}

interface StepBase {
  /** The operation that it does (part of) the work of: its nodes and results head the step in the generated code. */
  readonly op: Op;
}
export interface CallStep extends StepBase {
  readonly kind: "call";
  /** Path below the runtime's root: `ops::gather`. */
  readonly kernel: string;
  /** Explicit type arguments, printed after `::<`; empty where Rust infers them. */
  readonly generics: readonly string[];
  readonly args: readonly Arg[];
  /** Returns `Result<_, Error>`. */
  readonly fallible: boolean;
  /** Symbols that the result gives, as `[usize; n]`. */
  readonly binds: readonly string[];
}
/** `output[i] = expr(inputs[..][i])` over the output's extents, inputs broadcast. All f32. */
export interface MapStep extends StepBase {
  readonly kind: "map";
  readonly expr: MapExpr;
  readonly inputs: readonly Value[];
  readonly output: Value;
}
/** `output` is `input`'s memory seen with other extents (or the same). */
export interface ViewStep extends StepBase {
  readonly kind: "view";
  readonly input: Value;
  readonly output: Value;
}
export interface IfStep extends StepBase {
  readonly kind: "if";
  readonly condition: Value;
  readonly then: readonly Step[];
  readonly else: readonly Step[];
}
/** `while` with a counter: runs `body` for `trip` = 0, 1, … while `trip < limit` and `condition` holds. */
export interface LoopStep extends StepBase {
  readonly kind: "loop";
  /** i64 scalar value that holds the limit, a fixed extent, or neither. */
  readonly limit: { readonly value: Value } | { readonly dim: Dim } | undefined;
  /** bool scalar that is read before every iteration. */
  readonly condition: Value | undefined;
  /** i64 scalar that the loop writes the number of the iteration into before it. */
  readonly counter: Value | undefined;
  readonly body: readonly Step[];
  /** Symbol that holds the number of iterations afterwards. */
  readonly count: string | undefined;
}
/** Sets a symbol from an expression over others (sizes of loop-carried values). */
export interface BindStep extends StepBase {
  readonly kind: "bind";
  readonly bindings: readonly (readonly [symbol: string, dim: Dim])[];
}
export type Step = CallStep | MapStep | ViewStep | IfStep | LoopStep | BindStep;

/** Where a value lives. `bytes` offsets are multiples of 64. */
export type Place =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "constant" }
  /** Planned memory. */
  | { readonly kind: "arena"; readonly offset: number; readonly bytes: number }
  /** A growable buffer of its own, by slot. */
  | { readonly kind: "heap"; readonly slot: number }
  | { readonly kind: "view"; readonly of: Value };

export interface Plan {
  readonly steps: readonly Step[];
  readonly places: ReadonlyMap<Value, Place>;
  readonly arenaBytes: number;
  /** Largest number of bytes alive at one step: no plan can do better. */
  readonly lowerBoundBytes: number;
  /** Rust type of each heap slot. */
  readonly heapSlots: readonly { readonly type: HeapType; readonly values: readonly Value[] }[];
}
export type HeapType = Value["type"];

/** What an operator's `lower` may use. */
export interface Lowering {
  readonly op: Op;
  readonly outputs: readonly (Value | undefined)[];
  /** The output `i`, which must be wanted. */
  output(i: number): Value;
  /** A kernel call, steps in order. `binds` are the operator's fresh symbols where the kernel returns them. */
  call(
    kernel: string,
    args: readonly Arg[],
    options?: { fallible?: boolean; binds?: boolean; generics?: readonly string[] },
  ): void;
  map(expr: MapExpr, inputs: readonly Value[], output: Value): void;
  view(input: Value, output: Value): void;
  /** A value that only steps of this operator use. */
  temporary(dtype: DType, shape: readonly Dim[]): Value;
  /** For control flow: lowers the operations of a region into steps. */
  region(f: Func): readonly Step[];
  step(step: Step): void;
  /** Runs `emit` and returns the steps that it emits instead of appending them. */
  within(emit: () => void): readonly Step[];
  /** What a value emitted so far is a view of, followed to the end. */
  rootOf(v: Value): Value;
  /** Elements of a constant, if `v` is one. */
  constant(v: Value | undefined): readonly number[] | undefined;
}

// Arguments, as `lower` writes them.
export const read = (value: Value): Arg => ({ kind: "read", value });
export const write = (value: Value): Arg => ({ kind: "write", value });
export const grow = (value: Value): Arg => ({ kind: "grow", value });
export const shape = (value: Value): Arg => ({ kind: "shape", value });
export const dim = (d: Dim): Arg => ({ kind: "dim", dim: d });
export const dims = (list: readonly Dim[]): Arg => ({ kind: "dims", dims: list });
export const scratch = (dtype: DType, length: Dim): Arg => ({ kind: "scratch", dtype, length });
export const table = (t: Table): Arg => ({ kind: "table", table: t });
export const pool: Arg = { kind: "pool" };
export const list = (items: readonly Arg[]): Arg => ({ kind: "list", items });
export const struct = (name: string, fields: readonly (readonly [string, Arg])[] = []): Arg => ({
  kind: "struct",
  name,
  fields,
});
/** `&a`. */
export const reference = (to: Arg): Arg => ({ kind: "reference", to });
const rustText = (text: string): Arg => ({ kind: "rust", text });
/** Rust source that the compiler itself wrote (closures, paths): never built from model text. */
export const rust = rustText;
/** `Some(a)` or `None`. */
export const option = (a: Arg | undefined): Arg => (a ? { kind: "some", arg: a } : rustText("None"));
/** An optional input: `Some(&x)` or `None`. */
export const readOption = (v: Value | undefined): Arg => option(v && read(v));
export const bool = (b: boolean): Arg => rustText(b ? "true" : "false");
/** An integer literal, typed where inference needs it: `int(3)`, `int(3, "i64")`. */
export const int = (n: number | bigint, type = ""): Arg => rustText(`${n}${type && `_${type}`}`);
export const ints = (values: readonly number[], type = "i64"): Arg =>
  rustText(`&[${values.map((v, i) => (i === 0 && type ? `${v}_${type}` : `${v}`)).join(", ")}]`);
/** An f32 or f64 literal that reads back to exactly `x`. */
export const float = (x: number, type: "f32" | "f64" = "f32"): Arg => rustText(floatText(x, type));
export const floats = (values: readonly number[], type: "f32" | "f64" = "f32"): Arg =>
  rustText(`&[${values.map((v) => floatText(v, type)).join(", ")}]`);

/** A Rust literal of exactly this value; f32 with the fewest digits that read back. */
export function floatText(x: number, type: "f32" | "f64" = "f32"): string {
  if (Number.isNaN(x)) return `${type}::NAN`;
  if (x === Infinity) return `${type}::INFINITY`;
  if (x === -Infinity) return `${type}::NEG_INFINITY`;
  if (Object.is(x, -0)) return "-0.0";
  let text = String(x);
  if (type === "f32")
    for (let digits = 1; digits <= 9; digits++) {
      const shorter = x.toPrecision(digits);
      if (Math.fround(Number(shorter)) === Math.fround(x)) {
        text = String(Number(shorter));
        break;
      }
    }
  return /[.e]/.test(text) ? (text.includes("e") ? text.replace("e+", "e") : text) : `${text}.0`;
}

/** A Rust string literal of any text, control and bidirectional characters escaped. */
export function stringText(s: string): string {
  let out = "";
  for (const c of s) {
    const code = c.codePointAt(0) as number;
    if (c === '"' || c === "\\") out += `\\${c}`;
    else if (c === "\n") out += "\\n";
    else if (code < 0x20 || code === 0x7f || (code >= 0x80 && !/[\p{L}\p{N}\p{P}\p{S}]/u.test(c)) || isBidi(code))
      out += `\\u{${code.toString(16)}}`;
    else out += c;
  }
  return `"${out}"`;
}
const isBidi = (c: number): boolean =>
  (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c === 0x200e || c === 0x200f;
export const str = (s: string): Arg => rustText(stringText(s));
