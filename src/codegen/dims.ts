/** Sizes as Rust expressions of type usize over the fields of the generated `Dims`. */
import type { Atom, Dim, Term } from "../ir/dim.ts";
import { integerLiteral } from "./rust.ts";

/** `field` gives the Rust place of a symbol: `f.dims.n`. */
export type FieldOf = (symbol: string) => string;

export function dimRust(d: Dim, field: FieldOf): string {
  if (typeof d === "number") return integerLiteral(d);
  if (simple(d)) return unparenthesised((d.terms[0] as Term).atoms[0] as Atom, field);
  const text = d.terms.map((t) => termRust(t, field));
  return text.reduce((s, t) => (t.startsWith("-") ? `${s} - ${t.slice(1)}` : `${s} + ${t}`));
}

function termRust(t: Term, field: FieldOf): string {
  const atoms = t.atoms.map((a) => atomRust(a, field));
  const magnitude = Math.abs(t.coefficient);
  const factors = magnitude === 1 && atoms.length > 0 ? atoms : [integerLiteral(magnitude), ...atoms];
  return `${t.coefficient < 0 ? "-" : ""}${factors.join(" * ")}`;
}

/** As an i64, for values that may be negative: divisions round down. */
export function integerRust(d: Dim, field: FieldOf): string {
  if (typeof d === "number") return integerLiteral(d);
  const atom = (a: Atom): string => {
    if (a.kind === "symbol") return `${field(a.name)} as i64`;
    const [x, y] = [integerRust(a.a, field), integerRust(a.b, field)];
    if (a.kind === "div") return `i64::div_euclid(${x}, ${y})`;
    return a.kind === "broadcast" ? `rt::broadcast_extent(${x}, ${y})` : `i64::${a.kind}(${x}, ${y})`;
  };
  const product = (t: Term): string => {
    const only = t.atoms[0];
    if (t.coefficient === 1 && t.atoms.length === 1 && only) return atom(only);
    return [integerLiteral(t.coefficient), ...t.atoms.map((a) => `(${atom(a)})`)].join(" * ");
  };
  return d.terms.map(product).join(" + ");
}

const simple = (d: Dim): boolean =>
  typeof d === "number" || (d.terms.length === 1 && d.terms[0]?.coefficient === 1 && d.terms[0].atoms.length === 1);
const wrapped = (d: Dim, field: FieldOf): string => {
  if (typeof d === "number") return dimRust(d, field);
  return simple(d) ? atomRust((d.terms[0] as Term).atoms[0] as Atom, field) : `(${dimRust(d, field)})`;
};

const unparenthesised = (a: Atom, field: FieldOf): string =>
  a.kind === "div" ? `${wrapped(a.a, field)} / ${wrapped(a.b, field)}` : atomRust(a, field);

function atomRust(a: Atom, field: FieldOf): string {
  switch (a.kind) {
    case "symbol":
      return field(a.name);
    case "div":
      return `(${wrapped(a.a, field)} / ${wrapped(a.b, field)})`;
    case "broadcast":
      return `rt::broadcast_extent(${dimRust(a.a, field)}, ${dimRust(a.b, field)})`;
    case "max": {
      const difference = a.a === 0 ? a.b : a.b === 0 ? a.a : undefined;
      if (difference !== undefined && typeof difference !== "number" && difference.terms.some((t) => t.coefficient < 0))
        return saturated(difference.terms, field);
      return `rt::max_extent(${dimRust(a.a, field)}, ${dimRust(a.b, field)})`;
    }
    default:
      return `rt::${a.kind}_extent(${dimRust(a.a, field)}, ${dimRust(a.b, field)})`;
  }
}

/** A sum that is 0 where it would be negative, which usize cannot be in between either. */
function saturated(terms: readonly Term[], field: FieldOf): string {
  const sum = (list: readonly Term[]): string =>
    list.map((t) => termRust({ ...t, coefficient: Math.abs(t.coefficient) }, field)).join(" + ");
  const positive = terms.filter((t) => t.coefficient > 0);
  const text =
    positive.length === 1 && positive[0]?.coefficient === 1 && positive[0].atoms.length === 1
      ? sum(positive)
      : `(${sum(positive)})`;
  return `${positive.length === 0 ? "0_usize" : text}.saturating_sub(${sum(terms.filter((t) => t.coefficient < 0))})`;
}
