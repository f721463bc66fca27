/**
 * What an operator is: `defineOp` holds everything about it in one record — schema, type rule, reference semantics,
 * decomposition or lowering, documentation. The types of inputs and attributes in the callbacks follow from the literals.
 */
import type { OnnxNode } from "../frontend/onnx_model.ts";
import type { AttrSpec } from "./attr.ts";
import type { Builder } from "./builder.ts";
import type { Dim } from "./dim.ts";
import type { DType } from "./dtype.ts";
import type { Contents, Func, Value } from "./graph.ts";
import type { Lowering } from "./plan.ts";
import type { RuntimeValue, Tensor } from "./tensor.ts";
import type { Type } from "./types.ts";

export type Arity = "required" | "optional" | "variadic";
export type Arities = Readonly<Record<string, Arity>>;
export type AttrSpecs = Readonly<Record<string, AttrSpec<unknown>>>;
export type AttrValues = Readonly<Record<string, unknown>>;

/** Inputs by name: `T`, `T | undefined` or `readonly T[]`, as declared. */
export type Named<I extends Arities, T> = {
  readonly [N in keyof I]: I[N] extends "required"
    ? T
    : I[N] extends "optional"
      ? T | undefined
      : readonly (T | undefined)[];
};
export type AttrsOf<A extends AttrSpecs> = { readonly [N in keyof A]: A[N] extends AttrSpec<infer T> ? T : never };

/** A result of `infer`: a type and, for small integer tensors, what is known of the elements. */
export type Inferred = Type | { readonly type: Type; readonly contents: Contents };

export interface InferContext {
  /** Number of outputs asked for (trailing absent ones not counted) and whether output `i` is. */
  readonly outputCount: number;
  wants(output: number): boolean;
  /** A size that only running the operator can tell; `max` bounds it where that is known. */
  fresh(max?: Dim): Dim;
  readonly regions: readonly Func[];
  /** Stops with an error that names the node. */
  fail(code: RuleCode, params: Readonly<Record<string, string | number>>): never;
}

/**
 * Codes that operators' rules raise: E0201 a mismatch (params what, expected, found), E0202 a wrong attribute
 * (name, value, expected), E0203 a dtype that is not allowed (what, found, expected),
 * E0205 something that has to be known when compiling and is not (what): unsupported rather than invalid.
 */
export type RuleCode = "E0201" | "E0202" | "E0203" | "E0205";

export interface EvaluateContext {
  /** Types of the outputs that `infer` gave, extents still symbolic; shapes come from the inputs. */
  readonly outputs: readonly (Value | undefined)[];
  wants(output: number): boolean;
  readonly regions: readonly Func[];
  /** Runs a region on arguments. */
  run(region: Func, args: readonly RuntimeValue[]): readonly RuntimeValue[];
  /** The number that a symbolic size has in this run. */
  size(d: Dim): number;
}

/** An ONNX node on its way into the IR; adapters of old versions change it. */
export interface ImportNode {
  readonly inputs: readonly (Value | undefined)[];
  /** ONNX attributes by name, not yet checked against `attrs`. */
  readonly attributes: OnnxNode["attributes"];
  /** Number of outputs that the node lists. */
  readonly outputCount: number;
}

export interface OnnxBinding {
  readonly type: string;
  /** `""` (default) is ai.onnx. */
  readonly domain?: string;
  /** All versions (`since_version` of ONNX's schemas), oldest first. */
  readonly since: readonly number[];
  /**
   * Brings a node of an older `version` (one of `since`) to the newest form: a changed node, or values where more than
   * one operation is needed. Called for every version but the newest; return `node` when nothing differs.
   */
  readonly adapt?: (node: ImportNode, version: number, b: Builder) => ImportNode | readonly (Value | undefined)[];
  /** Set where `adapt` serves the newest version too (Constant: its node becomes a literal). */
  readonly adaptsNewest?: boolean;
}

export interface RegionContext {
  /** Imports the graph attribute `name` with these argument types. Free names resolve in the graphs around. */
  graph(name: string, args: readonly Type[]): Func;
  has(name: string): boolean;
  /** As `graph`, but what its operators' rules refuse is returned as the message instead of being thrown. */
  attempt(name: string, args: readonly Type[]): Func | { readonly refused: string; readonly error: unknown };
  /** A function without results that stops the run with `message`. */
  refusal(message: string): Func;
  fresh(): Dim;
  fail(code: RuleCode, params: Readonly<Record<string, string | number>>): never;
}

export interface OpDef<I extends Arities, O extends Arities, A extends AttrSpecs> {
  /** Mnemonic in the IR, name of the file, of the kernel's module and of the documentation's section. */
  readonly name: string;
  readonly summary: string;
  /** Absent for operators of the IR's own. */
  readonly onnx?: OnnxBinding;
  /** At most one is variadic, the last. */
  readonly inputs: I;
  readonly outputs: O;
  /** Named as in ONNX; unknown attributes of a node are errors. Graph attributes are `regions`. */
  readonly attrs: A;
  /** Names of ONNX's graph attributes, and how the graphs' argument types follow from the inputs. */
  readonly regions?: {
    readonly names: readonly string[];
    /** The graph without arguments that stands for the whole operation, where inputs are constants that tell. */
    chosen?(inputs: Named<I, Value>): string | undefined;
    build(
      inputs: Named<I, Value>,
      attrs: AttrsOf<A>,
      ctx: RegionContext,
    ): { regions: readonly Func[]; attrs?: Partial<AttrsOf<A>> };
  };
  /** Types of the outputs. The importer, the builder and the verifier all call this: the only shape arithmetic there is. */
  infer(inputs: Named<I, Value>, attrs: AttrsOf<A>, ctx: InferContext): readonly Inferred[];
  /** Reference semantics. Left out where `decompose` gives them. `null` inputs are empty optionals. */
  readonly evaluate?: (inputs: Named<I, Tensor>, attrs: AttrsOf<A>, ctx: EvaluateContext) => readonly RuntimeValue[];
  /** Like `evaluate`, for operators over sequences, optionals and maps. */
  readonly evaluateValues?: (
    inputs: Named<I, RuntimeValue>,
    attrs: AttrsOf<A>,
    ctx: EvaluateContext,
  ) => readonly RuntimeValue[];
  /** The operator in terms of others. Returns undefined where a case has none and `lower` must serve. */
  readonly decompose?: (
    inputs: Named<I, Value>,
    attrs: AttrsOf<A>,
    b: Builder,
    outputs: readonly (Value | undefined)[],
    regions: readonly Func[],
  ) => readonly (Value | undefined)[] | undefined;
  /** Steps of the kernel plan. */
  readonly lower?: (inputs: Named<I, Value>, attrs: AttrsOf<A>, l: Lowering) => void;
  /** False for random generators: never folded, never merged. */
  readonly pure?: boolean;
  /** Bound of the numeric error of the kernel, for the documentation. */
  readonly error?: string;
  /** Multiply-accumulates of one call. */
  readonly macs?: (inputs: Named<I, Value>, attrs: AttrsOf<A>, outputs: readonly (Value | undefined)[]) => Dim;
}

/**
 * An operator with its types forgotten, as graphs and passes see it. `any` is the one escape from the type system in this
 * project: a list of differently typed records cannot be written without it.
 */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyOpDef = OpDef<any, any, any>;

export function defineOp<const I extends Arities, const O extends Arities, const A extends AttrSpecs>(
  def: OpDef<I, O, A>,
): OpDef<I, O, A> {
  return def;
}

/** Splits positional inputs by the declared names. */
export function named<T>(
  arities: Arities,
  positional: readonly (T | undefined)[],
): Record<string, T | undefined | readonly (T | undefined)[]> {
  const result: Record<string, T | undefined | readonly (T | undefined)[]> = {};
  Object.entries(arities).forEach(([name, arity], i) => {
    result[name] = arity === "variadic" ? positional.slice(i) : positional[i];
  });
  return result;
}

/** The reverse of `named`; trailing absences are dropped. */
export function positional<T>(
  arities: Arities,
  byName: Readonly<Record<string, T | undefined | readonly (T | undefined)[]>>,
): (T | undefined)[] {
  const list: (T | undefined)[] = [];
  for (const [name, arity] of Object.entries(arities)) {
    const given = byName[name];
    if (arity === "variadic") list.push(...((given as readonly (T | undefined)[] | undefined) ?? []));
    else list.push(given as T | undefined);
  }
  while (list.length > 0 && list.at(-1) === undefined) list.pop();
  return list;
}

export type { DType };
