/**
 * Attributes that are lists of data rather than of settings (keys, vocabularies, nodes of trees): kept as literals, so that
 * 64-bit integers stay whole and a million entries are one typed array.
 */
import type { OnnxAttribute } from "../frontend/onnx_model.ts";
import { type AttrSpec, attr } from "../ir/attr.ts";
import type { DType } from "../ir/dtype.ts";
import { type Literal, literalOf } from "../ir/literal.ts";
import { tensor } from "../ir/tensor.ts";

type ListKind = "ints" | "floats" | "strings";
const dtypes = { ints: "i64", floats: "f32", strings: "string" } as const satisfies Record<ListKind, DType>;

function listOf(kind: ListKind, a: OnnxAttribute): Literal | undefined {
  if (a.kind === "ref") return undefined;
  const value = a.value;
  if (!Array.isArray(value) || (a.kind !== kind && value.length > 0)) return undefined;
  const items = value as readonly (bigint | number | string | Uint8Array)[];
  if (items.some((item) => item instanceof Uint8Array)) return undefined;
  return literalOf(tensor(dtypes[kind], [items.length], items as readonly (bigint | number | string)[]));
}

/** A list that may be missing, as a literal of rank 1: i64, f32 or string. */
export const listAttr = (kind: ListKind): AttrSpec<Literal | undefined> => ({
  kind: "tensor",
  default: undefined,
  required: false,
  expected: { ints: "integers", floats: "numbers", strings: "strings" }[kind],
  fromOnnx: (a) => listOf(kind, a),
});

/** The elements of a literal of strings; none without one. */
export const stringsOf = (literal: Literal | undefined): readonly string[] =>
  literal ? (literal.load().data as readonly string[]) : [];
/** The elements of a literal as numbers; none without one. */
export const numbersOf = (literal: Literal | undefined): readonly number[] =>
  literal ? Array.from(literal.load().data as ArrayLike<number | bigint>, Number) : [];
/** The elements of an i64 literal; none without one. */
export const bigsOf = (literal: Literal | undefined): readonly bigint[] =>
  literal ? Array.from(literal.load().data as BigInt64Array) : [];

/** An integer that is data: refused where a number cannot hold it, rather than rounded. */
export const exactInt = (value: number): AttrSpec<number> => ({
  ...attr.int(value),
  expected: "an integer below 2⁵³",
  fromOnnx: (a) => (a.kind === "int" && Number.isSafeInteger(Number(a.value)) ? Number(a.value) : undefined),
});
