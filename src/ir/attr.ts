/** Kinds of attributes: how a value comes from an ONNX attribute, and how the IR's text form writes it. */
import type { OnnxAttribute } from "../frontend/onnx_model.ts";
import { type DType, dtypeFromOnnx } from "./dtype.ts";
import type { Literal } from "./literal.ts";
import type { Type } from "./types.ts";

export interface AttrSpec<T> {
  readonly kind:
    | "int"
    | "float"
    | "bool"
    | "string"
    | "oneOf"
    | "ints"
    | "floats"
    | "strings"
    | "tensor"
    | "dtype"
    | "type"
    | "internal";
  /** The value where a node has none; `undefined` is allowed only if `optional`. */
  readonly default: T | undefined;
  readonly required: boolean;
  /** Undefined if the ONNX attribute has the wrong kind or a value outside the set. */
  readonly fromOnnx: (a: OnnxAttribute) => T | undefined;
  /** What `fromOnnx` accepts, for messages. */
  readonly expected: string;
}

/** Marks an attribute that every node must have, or one that may be missing. */
export const required = Symbol("required");
export const optional = Symbol("optional");
type Default<T> = T | typeof required | typeof optional;

const spec = <T>(
  kind: AttrSpec<T>["kind"],
  expected: string,
  fromOnnx: AttrSpec<T>["fromOnnx"],
  def: Default<T>,
): AttrSpec<T> => ({
  kind,
  expected,
  fromOnnx,
  default: def === required || def === optional ? undefined : (def as T),
  required: def === required,
});

type Kinds = {
  int: number;
  float: number;
  bool: boolean;
  string: string;
  ints: readonly number[];
  floats: readonly number[];
  strings: readonly string[];
  tensor: Literal;
  dtype: DType;
  type: Type;
};

/** One constructor per kind: `k(value)` and `k(required)` give `T`, `k(optional)` gives `T | undefined`. */
interface Constructor<T> {
  (def: T | typeof required): AttrSpec<T>;
  (def: typeof optional): AttrSpec<T | undefined>;
}

function constructor<K extends keyof Kinds>(
  kind: K,
  expected: string,
  fromOnnx: (a: OnnxAttribute) => Kinds[K] | undefined,
): Constructor<Kinds[K]> {
  return ((def: Default<Kinds[K]>) => spec(kind, expected, fromOnnx, def)) as Constructor<Kinds[K]>;
}

/** Integers beyond 2⁵³ saturate: they only ever mean "to the end". */
const toNumber = (v: bigint): number => Number(v);

export const attr = {
  int: constructor("int", "an integer", (a) => (a.kind === "int" ? toNumber(a.value) : undefined)),
  float: constructor("float", "a number", (a) => (a.kind === "float" ? a.value : undefined)),
  /** ONNX writes flags as 0 and 1. */
  bool: constructor("bool", "0 or 1", (a) => (a.kind === "int" ? a.value !== 0n : undefined)),
  string: constructor("string", "a string", (a) =>
    a.kind === "string" && typeof a.value === "string" ? a.value : undefined,
  ),
  ints: constructor("ints", "integers", (a) =>
    a.kind === "ints" ? a.value.map(toNumber) : isEmptyList(a) ? [] : undefined,
  ),
  floats: constructor("floats", "numbers", (a) =>
    a.kind === "floats" ? [...a.value] : isEmptyList(a) ? [] : undefined,
  ),
  strings: constructor("strings", "strings", (a) =>
    a.kind === "strings" ? a.value.map(String) : isEmptyList(a) ? [] : undefined,
  ),
  tensor: constructor("tensor", "a tensor", (a) => (a.kind === "tensor" ? a.value : undefined)),
  /** ONNX gives an element type by its number. */
  dtype: constructor("dtype", "an element type", (a) =>
    a.kind === "int" ? dtypeFromOnnx(Number(a.value)) : undefined,
  ),
  /** A string out of a set. */
  oneOf: <const S extends string>(values: readonly S[], def: NoInfer<S> | typeof required): AttrSpec<S> =>
    spec(
      "oneOf",
      `one of ${values.join(", ")}`,
      (a) => (a.kind === "string" ? values.find((v) => v === a.value) : undefined),
      def as Default<S>,
    ),
  /** Set by passes; ONNX has no such attribute. Must be plain data. */
  internal: <T>(def: T): AttrSpec<T> => spec<T>("internal", "nothing (internal)", () => undefined, def as Default<T>),
};

/** Some exporters write empty lists with the kind of another list. */
const isEmptyList = (a: OnnxAttribute): boolean => "value" in a && Array.isArray(a.value) && a.value.length === 0;
