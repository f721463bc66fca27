/** Attributes of ONNX's text form: from the values between `=` and the next comma to a typed attribute. */
import type { Literal } from "../ir/literal.ts";
import { fail, quote } from "./onnx_error.ts";
import type { OnnxAttribute, OnnxAttributeKind, OnnxGraph, OnnxType } from "./onnx_model.ts";

/** One value as it is written. */
export type TextValue =
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: Literal }
  | { readonly kind: "graph"; readonly value: OnnxGraph }
  | { readonly kind: "type"; readonly value: OnnxType }
  | { readonly kind: "ref"; readonly value: string };

type SingleKind = "float" | "int" | "string" | "tensor" | "graph" | "type" | "sparse_tensor";

/** The kinds by the words that declare them. */
const declared: ReadonlyMap<string, OnnxAttributeKind> = new Map([
  ["float", "float"],
  ["int", "int"],
  ["string", "string"],
  ["tensor", "tensor"],
  ["graph", "graph"],
  ["sparse_tensor", "sparse_tensor"],
  ["type_proto", "type"],
  ["floats", "floats"],
  ["ints", "ints"],
  ["strings", "strings"],
  ["tensors", "tensors"],
  ["graphs", "graphs"],
  ["sparse_tensors", "sparse_tensors"],
  ["type_protos", "types"],
]);

const words = new Map([...declared].map(([word, kind]) => [kind, word]));

/** The word that declares `kind`. */
export const kindWord = (kind: OnnxAttributeKind): string => words.get(kind) as string;

/** The kind that `word` declares. Throws E0133 for other words. */
export function declaredKind(word: string): OnnxAttributeKind {
  return declared.get(word) ?? fail("E0133", `${quote(word)} is not a kind of attribute`);
}

const plurals = {
  float: "floats",
  int: "ints",
  string: "strings",
  tensor: "tensors",
  graph: "graphs",
  type: "types",
  sparse_tensor: "sparse_tensors",
} as const satisfies Record<SingleKind, OnnxAttributeKind>;

const isSingle = (kind: OnnxAttributeKind): kind is SingleKind => Object.hasOwn(plurals, kind);
const singleOf = (kind: OnnxAttributeKind): SingleKind =>
  isSingle(kind) ? kind : ((Object.keys(plurals) as SingleKind[]).find((k) => plurals[k] === kind) as SingleKind);

/** `name: kind = value`. Throws E0133 where they do not fit. */
export function singleAttribute(name: string, kind: OnnxAttributeKind | undefined, value: TextValue): OnnxAttribute {
  if (value.kind === "ref") return { name, kind: "ref", refName: value.value, refKind: kind };
  if (kind !== undefined && !isSingle(kind))
    return fail("E0133", `attribute ${quote(name)} of kind ${kind} needs a list`);
  const fitted = suit(name, kind ?? value.kind, value);
  return { name, ...fitted } as OnnxAttribute;
}

/** `name: kind = [values]`: all of one kind, the declared one or that of the first. */
export function listAttribute(
  name: string,
  kind: OnnxAttributeKind | undefined,
  values: readonly TextValue[],
): OnnxAttribute {
  const [first] = values;
  if (first === undefined) {
    if (kind === undefined || isSingle(kind))
      return fail("E0133", `the empty list ${quote(name)} needs a kind of list`);
    return { name, kind, value: [] } as OnnxAttribute;
  }
  if (first.kind === "ref") return fail("E0133", `the list ${quote(name)} holds a reference to an attribute`);
  const single = kind === undefined ? first.kind : singleOf(kind);
  return { name, kind: plurals[single], value: values.map((v) => suit(name, single, v).value) } as OnnxAttribute;
}

/** The value as one of kind `kind`: an integer may stand for a float, a dense constant for a sparse one. */
function suit(
  name: string,
  kind: SingleKind,
  value: TextValue,
): { readonly kind: SingleKind; readonly value: unknown } {
  if (value.kind === kind) return { kind, value: value.value };
  if (kind === "float" && value.kind === "int") return { kind, value: Math.fround(Number(value.value)) };
  if (kind === "sparse_tensor" && value.kind === "tensor") return { kind, value: value.value };
  return fail("E0133", `attribute ${quote(name)}: expected ${kind}, found ${value.kind}`);
}
