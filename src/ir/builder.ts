/**
 * Makes operations: infers their types, names their results, and remembers where they came from. The importer, passes,
 * decompositions and adapters all build through this, so that no operation exists whose types `infer` has not given.
 */
import { type Code, Diagnosed, diagnostic } from "../diagnostics/report.ts";
import { type Dim, symbol } from "./dim.ts";
import type { DType } from "./dtype.ts";
import type { Contents, Func, Op, Value } from "./graph.ts";
import { type Literal, literalOf } from "./literal.ts";
import {
  type AnyOpDef,
  type Arities,
  type AttrSpecs,
  type AttrsOf,
  type InferContext,
  type Inferred,
  type Named,
  named,
  type OpDef,
  positional,
} from "./op_def.ts";
import { int64s, numbers, scalar, sizeOf, type Tensor, tensor } from "./tensor.ts";
import { sameType, type Type, tensorType, typeText } from "./types.ts";

/** Integer constants of at most this many elements carry their contents. */
const maxContents = 256;

/** Names for values and symbols, unique in one program. */
export class Names {
  private readonly taken = new Set<string>();
  private readonly next = new Map<string, number>();

  /** `wanted` made an identifier, with a number behind it where it is taken. */
  unique(wanted: string): string {
    const base = identifier(wanted);
    let name = base;
    while (this.taken.has(name)) {
      const n = (this.next.get(base) ?? 1) + 1;
      this.next.set(base, n);
      name = `${base}_${n}`;
    }
    this.taken.add(name);
    return name;
  }
}

/** Model text as an identifier: `[A-Za-z_][A-Za-z0-9_.]*`, at most 48 characters. */
export function identifier(text: string): string {
  const clean = text
    .replace(/^.*\/(?=[^/])/, "")
    .replace(/[^A-Za-z0-9_.]+/g, "_")
    .replace(/^[_.]+|[_.]+$/g, "");
  const short = clean.slice(0, 48);
  return /^[A-Za-z_]/.test(short) ? short : short === "" ? "v" : `v${short}`;
}

/** The elements of an integer tensor; those that a number does not hold exactly (beyond 2⁵³) count as not known. */
export const exactNumbers = (t: Tensor): Contents => numbers(t).map((n) => (Number.isSafeInteger(n) ? n : undefined));

/** What is known of a constant's elements. */
export function contentsOf(literal: Literal): Contents | undefined {
  const integer = literal.dtype === "i64" || literal.dtype === "i32";
  if (!integer || literal.shape.length > 1 || sizeOf(literal.shape) > maxContents) return undefined;
  return exactNumbers(literal.load());
}

export const inferredType = (i: Inferred): Type => ("contents" in i ? i.type : i);
export const inferredContents = (i: Inferred): Contents | undefined => ("contents" in i ? i.contents : undefined);

/** Stops with an error about the operator `def` at the nodes `origins`. */
export function failAt(
  origins: readonly string[],
  def: AnyOpDef,
  code: Code,
  params: Readonly<Record<string, string | number>>,
): never {
  throw new Diagnosed(diagnostic(code, { ...params, op: def.onnx?.type ?? def.name }, origins.join(" + ")));
}

/** Types of an operation's results. `fresh` answers the symbol of the n-th unknown size. */
export function inferTypes(
  def: AnyOpDef,
  inputs: readonly (Value | undefined)[],
  attrs: Readonly<Record<string, unknown>>,
  regions: readonly Func[],
  outputs: readonly boolean[],
  origins: readonly string[],
  fresh: (max: Dim | undefined) => Dim,
): readonly Inferred[] {
  const context: InferContext = {
    outputCount: outputs.length,
    wants: (i) => outputs[i] ?? false,
    fresh,
    regions,
    fail: (code, params) => failAt(origins, def, code, params),
  };
  return def.infer(named(def.inputs, inputs), attrs, context) as readonly Inferred[];
}

export class Builder {
  readonly ops: Op[] = [];
  readonly names: Names;
  /** Nodes that what is built next comes from. */
  origins: readonly string[];
  /** Called for the name of the next result, when one is wanted. */
  constructor(names: Names, origins: readonly string[] = []) {
    this.names = names;
    this.origins = origins;
  }

  /** A function argument or other value without an operation. */
  value(name: string, type: Type, contents?: Contents): Value {
    return { name: this.names.unique(name), type, contents, literal: undefined };
  }

  literal(literal: Literal, name = "c"): Value {
    return {
      name: this.names.unique(name),
      type: tensorType(literal.dtype, literal.shape),
      contents: contentsOf(literal),
      literal,
    };
  }
  constant(t: Tensor, name = "c"): Value {
    return this.literal(literalOf(t), name);
  }
  int64s(values: readonly number[]): Value {
    return this.constant(int64s(values));
  }
  scalar(dtype: DType, value: number | bigint | string): Value {
    return this.constant(scalar(dtype, value));
  }
  tensor(dtype: DType, shape: readonly number[], values: readonly (number | bigint | string)[]): Value {
    return this.constant(tensor(dtype, shape, values));
  }

  symbol(): Dim {
    return symbol(this.names.unique("u"));
  }

  /** Emits an operation and returns its first result. */
  emit<I extends Arities, O extends Arities, A extends AttrSpecs>(
    def: OpDef<I, O, A>,
    inputs: Partial<Named<I, Value>>,
    attrs: Partial<AttrsOf<A>> = {},
  ): Value {
    return this.emitAll(def, inputs, attrs, [true])[0] as Value;
  }

  /** Emits an operation; `wanted` says which results are used (a number: the first so many). */
  emitAll<I extends Arities, O extends Arities, A extends AttrSpecs>(
    def: OpDef<I, O, A>,
    inputs: Partial<Named<I, Value>>,
    attrs: Partial<AttrsOf<A>>,
    wanted: number | readonly boolean[],
    regions: readonly Func[] = [],
  ): (Value | undefined)[] {
    const flags = typeof wanted === "number" ? new Array<boolean>(wanted).fill(true) : wanted;
    const list = positional<Value>(
      def.inputs,
      inputs as Readonly<Record<string, Value | undefined | readonly (Value | undefined)[]>>,
    );
    return this.emitOp(def as AnyOpDef, list, completeAttrs(def as AnyOpDef, attrs), flags, regions).outputs as (
      | Value
      | undefined
    )[];
  }

  /** The untyped form, for whoever has an operation rather than a definition. `like` gives names to the results. */
  emitOp(
    def: AnyOpDef,
    inputs: readonly (Value | undefined)[],
    attrs: Readonly<Record<string, unknown>>,
    wanted: readonly boolean[],
    regions: readonly Func[] = [],
    like: readonly (string | undefined)[] = [],
  ): Op {
    const fresh: string[] = [];
    const mint = (): Dim => {
      const name = this.names.unique("u");
      fresh.push(name);
      return symbol(name);
    };
    const types = inferTypes(def, inputs, attrs, regions, wanted, this.origins, mint);
    const outputs = wanted.map((want, i) =>
      want ? this.result(types[i] as Inferred, like[i] ?? def.name) : undefined,
    );
    const op: Op = { def, inputs, attrs, outputs, regions, fresh, origins: this.origins };
    this.ops.push(op);
    return op;
  }

  private result(inferred: Inferred, name: string): Value {
    return {
      name: this.names.unique(name),
      type: inferredType(inferred),
      contents: inferredContents(inferred),
      literal: undefined,
    };
  }
}

/** Attributes with defaults filled in; an attribute that the definition lacks is a bug of ours. */
export function completeAttrs(def: AnyOpDef, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const attrs: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(def.attrs as AttrSpecs)) attrs[name] = given[name] ?? spec.default;
  for (const name of Object.keys(given))
    if (!(name in attrs)) throw new TypeError(`${def.name} has no attribute ${name}`);
  return attrs;
}

/** The operation again with other inputs: results keep their values where the types stay the same. */
export function rebuilt(op: Op, inputs: readonly (Value | undefined)[], regions: readonly Func[]): Op {
  let next = 0;
  const types = inferTypes(
    op.def,
    inputs,
    op.attrs,
    regions,
    op.outputs.map((o) => o !== undefined),
    op.origins,
    () => {
      const name = op.fresh[next++];
      if (name === undefined) throw new TypeError(`${op.def.name} mints more sizes than before`);
      return symbol(name);
    },
  );
  const outputs = op.outputs.map((o, i) => {
    if (!o) return undefined;
    const inferred = types[i] as Inferred;
    const type = inferredType(inferred);
    const contents = inferredContents(inferred);
    return sameType(type, o.type) && sameContents(contents, o.contents) ? o : { ...o, type, contents };
  });
  // Sizes that have become known are not minted any more.
  return { ...op, inputs, regions, outputs, fresh: op.fresh.slice(0, next) };
}

function sameContents(a: Contents | undefined, b: Contents | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.length === b.length &&
    a.every(
      (x, i) =>
        x === b[i] || (typeof x === "object" && typeof b[i] === "object" && x.key === (b[i] as { key: string }).key),
    )
  );
}

export { typeText };
