/**
 * Extents of tensors: integers, or symbolic expressions over named sizes that are known only when the program runs.
 *
 * An expression is kept as a canonical sum of products with integer coefficients, so that equal expressions have equal
 * keys: `N + N` and `2*N` are the same. What is no polynomial (division, maximum, …) is an opaque factor ("atom") of a
 * product. Every operation folds numbers, so a `Dim` is an expression only where a symbol is really left.
 */

export type Dim = number | DimExpr;

/** `constant + Σ coefficient · Π atoms`, terms sorted by key. */
export interface DimExpr {
  readonly terms: readonly Term[];
  /** Canonical text; equal keys mean equal expressions. */
  readonly key: string;
}

export interface Term {
  readonly coefficient: number;
  /** Sorted by key, repeated for powers; empty for the constant term. */
  readonly atoms: readonly Atom[];
}

export type Atom =
  | { readonly kind: "symbol"; readonly name: string; readonly key: string }
  | { readonly kind: AtomOp; readonly a: Dim; readonly b: Dim; readonly key: string };

/** `div` rounds toward −∞; `broadcast(a, b)` is `b` where `a` is 1 and `a` elsewhere. */
export type AtomOp = "div" | "max" | "min" | "broadcast";

const productKey = (atoms: readonly Atom[]): string => atoms.map((a) => a.key).join("*");

function termText(t: Term): string {
  if (t.atoms.length === 0) return String(t.coefficient);
  if (t.coefficient === 1) return productKey(t.atoms);
  if (t.coefficient === -1) return `-${productKey(t.atoms)}`;
  return `${t.coefficient}*${productKey(t.atoms)}`;
}

function build(terms: Map<string, Term>): Dim {
  const kept = [...terms.values()].filter((t) => t.coefficient !== 0);
  // Constants go last and positive terms first, so that the text reads as people write it and never starts with a minus
  // when it need not: unsigned arithmetic in the generated code then stays above zero as long as possible.
  kept.sort((p, q) => rank(p) - rank(q) || (productKey(p.atoms) < productKey(q.atoms) ? -1 : 1));
  if (kept.length === 0) return 0;
  const only = kept[0] as Term;
  if (kept.length === 1 && only.atoms.length === 0) return only.coefficient;
  const key = kept.map(termText).reduce((s, t) => (t.startsWith("-") ? `${s} - ${t.slice(1)}` : `${s} + ${t}`));
  return { terms: kept, key };
}

const rank = (t: Term): number => (t.coefficient < 0 ? 2 : 0) + (t.atoms.length === 0 ? 1 : 0);

const termsOf = (d: Dim): readonly Term[] => (typeof d === "number" ? [{ coefficient: d, atoms: [] }] : d.terms);

function accumulate(into: Map<string, Term>, term: Term): void {
  const key = productKey(term.atoms);
  const old = into.get(key);
  into.set(key, old ? { atoms: old.atoms, coefficient: old.coefficient + term.coefficient } : term);
}

const fromAtom = (atom: Atom): Dim => ({ terms: [{ coefficient: 1, atoms: [atom] }], key: atom.key });

/** The size named `name`. */
export const symbol = (name: string): Dim => fromAtom({ kind: "symbol", name, key: name });

/** The name if `d` is a bare symbol. */
export function symbolName(d: Dim): string | undefined {
  if (typeof d === "number" || d.terms.length !== 1) return undefined;
  const { coefficient, atoms } = d.terms[0] as Term;
  const atom = atoms[0];
  return coefficient === 1 && atoms.length === 1 && atom?.kind === "symbol" ? atom.name : undefined;
}

export const isStatic = (d: Dim): d is number => typeof d === "number";
export const areStatic = (dims: readonly Dim[]): dims is readonly number[] => dims.every(isStatic);
export const sameDim = (a: Dim, b: Dim): boolean =>
  typeof a === "number" || typeof b === "number" ? a === b : a.key === b.key;
export const sameDims = (a: readonly Dim[], b: readonly Dim[]): boolean =>
  a.length === b.length && a.every((d, i) => sameDim(d, b[i] as Dim));
export const dimText = (d: Dim): string => (typeof d === "number" ? String(d) : d.key);

export function add(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  const sum = new Map<string, Term>();
  for (const t of [...termsOf(a), ...termsOf(b)]) accumulate(sum, t);
  return build(sum);
}

export function mul(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const sum = new Map<string, Term>();
  for (const p of termsOf(a))
    for (const q of termsOf(b)) {
      const atoms = [...p.atoms, ...q.atoms].sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
      accumulate(sum, { coefficient: p.coefficient * q.coefficient, atoms });
    }
  return build(sum);
}

export const sub = (a: Dim, b: Dim): Dim => add(a, mul(-1, b));
export const sum = (dims: readonly Dim[]): Dim => dims.reduce(add, 0);
/** Product; 1 for no dims. The number of elements of a shape. */
export const product = (dims: readonly Dim[]): Dim => dims.reduce(mul, 1);

/** `t / by`, if exact. */
function divideTerm(t: Term, by: Term): Term | undefined {
  if (t.coefficient % by.coefficient !== 0) return undefined;
  const rest = [...t.atoms];
  for (const atom of by.atoms) {
    const at = rest.findIndex((a) => a.key === atom.key);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return { coefficient: t.coefficient / by.coefficient, atoms: rest };
}

/** `⌊a / b⌋` for `b > 0`. Whole multiples of `b` leave the division: `⌊(2·N + 1) / 2⌋` is `N`. */
export function floorDiv(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return Math.floor(a / b);
  if (b === 1 || a === 0) return a;
  if (sameDim(a, b)) return 1;
  const divisor = termsOf(b);
  if (divisor.length > 1) return cancel(a, b);
  const by = divisor[0] as Term;
  const whole = new Map<string, Term>();
  const rest = new Map<string, Term>();
  for (const t of termsOf(a)) {
    const q = divideTerm(t, by);
    if (q || typeof b !== "number" || t.atoms.length > 0) {
      accumulate(q ? whole : rest, q ?? t);
      continue;
    }
    // What is left of a number is its remainder, from 0 to b − 1: equal quotients then have equal keys, and fewer of them
    // go below zero on the way.
    accumulate(whole, { coefficient: Math.floor(t.coefficient / b), atoms: [] });
    accumulate(rest, { coefficient: t.coefficient - b * Math.floor(t.coefficient / b), atoms: [] });
  }
  const remainder = build(rest);
  if (typeof remainder === "number" && typeof b === "number") return add(build(whole), Math.floor(remainder / b));
  if (remainder === 0) return build(whole);
  return add(build(whole), atomOf("div", remainder, b));
}

/** Division by a sum: exact when `a` is a multiple term by term, else opaque. */
function cancel(a: Dim, b: Dim): Dim {
  const lead = termsOf(b)[0] as Term;
  let rest = a;
  let quotient: Dim = 0;
  for (let i = 0; i < 8 && rest !== 0; i++) {
    const q = divideTerm(termsOf(rest)[0] as Term, lead);
    if (!q) break;
    const part = build(new Map([["", q]]));
    quotient = add(quotient, part);
    rest = sub(rest, mul(part, b));
  }
  return rest === 0 ? quotient : atomOf("div", a, b);
}

function atomOf(kind: AtomOp, a: Dim, b: Dim): Dim {
  const name = kind === "div" ? "" : kind;
  const key = kind === "div" ? `(${wrap(a)}/${wrap(b)})` : `${name}(${dimText(a)}, ${dimText(b)})`;
  return fromAtom({ kind, a, b, key });
}

const wrap = (d: Dim): string => (typeof d === "number" || symbolName(d) !== undefined ? dimText(d) : `(${d.key})`);

/** `⌈a / b⌉` for `b > 0`. */
export const ceilDiv = (a: Dim, b: Dim): Dim => floorDiv(sub(add(a, b), 1), b);
/** `a mod b` with the sign of `b`. */
export const mod = (a: Dim, b: Dim): Dim => sub(a, mul(b, floorDiv(a, b)));

function extremum(kind: "max" | "min", pick: (a: number, b: number) => number, a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return pick(a, b);
  const difference = sub(a, b);
  if (typeof difference === "number") return pick(difference, 0) === difference ? a : b;
  return dimText(a) < dimText(b) ? atomOf(kind, a, b) : atomOf(kind, b, a);
}

export const max = (a: Dim, b: Dim): Dim => {
  // Sizes are never negative.
  if (a === 0 && isSum(b)) return b;
  if (b === 0 && isSum(a)) return a;
  return extremum("max", Math.max, a, b);
};
export const min = (a: Dim, b: Dim): Dim => extremum("min", Math.min, a, b);

/** Only added terms: cannot be negative. */
const isSum = (d: Dim): boolean => termsOf(d).every((t) => t.coefficient >= 0);

/** The common extent of two axes under broadcasting, or undefined if they can never agree. */
export function broadcast(a: Dim, b: Dim): Dim | undefined {
  if (a === 1) return b;
  if (b === 1 || sameDim(a, b)) return a;
  if (typeof a === "number" && typeof b === "number") return undefined;
  // A number other than 1 wins: the other side must be equal to it or 1.
  if (typeof a === "number") return a;
  if (typeof b === "number") return b;
  return atomOf("broadcast", a, b);
}

/** Symbols that occur in `d`, each once, in order of occurrence. */
export function symbolsOf(d: Dim, into: Set<string> = new Set()): Set<string> {
  for (const t of termsOf(d))
    for (const atom of t.atoms) {
      if (atom.kind === "symbol") into.add(atom.name);
      else symbolsOf(atom.b, symbolsOf(atom.a, into));
    }
  return into;
}

/** `d` with symbols replaced; `lookup` answers undefined to keep one. */
export function substitute(d: Dim, lookup: (name: string) => Dim | undefined): Dim {
  if (typeof d === "number") return d;
  const one = (atom: Atom): Dim => {
    if (atom.kind === "symbol") return lookup(atom.name) ?? fromAtom(atom);
    return apply(atom.kind, substitute(atom.a, lookup), substitute(atom.b, lookup));
  };
  return sum(d.terms.map((t) => mul(t.coefficient, product(t.atoms.map(one)))));
}

/** The operation that an atom stands for. */
export function apply(kind: AtomOp, a: Dim, b: Dim): Dim {
  switch (kind) {
    case "div":
      return floorDiv(a, b);
    case "max":
      return max(a, b);
    case "min":
      return min(a, b);
    case "broadcast":
      return broadcast(a, b) ?? a;
  }
}

/** The number that `d` is when the symbols have the values in `bindings`; undefined if one is missing. */
export function evaluateDim(d: Dim, bindings: ReadonlyMap<string, number>): number | undefined {
  const value = substitute(d, (name) => bindings.get(name));
  return typeof value === "number" ? value : undefined;
}

/** An upper bound of `d` given bounds of the symbols, or undefined. Assumes that sizes are not negative. */
export function upperBound(
  d: Dim,
  bounds: (name: string) => { min: number; max: number } | undefined,
): number | undefined {
  return range(d, bounds)?.max;
}

function range(
  d: Dim,
  bounds: (name: string) => { min: number; max: number } | undefined,
): { min: number; max: number } | undefined {
  let low = 0;
  let high = 0;
  for (const t of termsOf(d)) {
    let lo = t.coefficient;
    let hi = t.coefficient;
    for (const atom of t.atoms) {
      const r = atomRange(atom, bounds);
      if (!r) return undefined;
      const corners = [lo * r.min, lo * r.max, hi * r.min, hi * r.max];
      lo = Math.min(...corners);
      hi = Math.max(...corners);
    }
    low += lo;
    high += hi;
  }
  return { min: low, max: high };
}

function atomRange(
  atom: Atom,
  bounds: (name: string) => { min: number; max: number } | undefined,
): { min: number; max: number } | undefined {
  if (atom.kind === "symbol") return bounds(atom.name);
  const a = range(atom.a, bounds);
  const b = range(atom.b, bounds);
  if (!a || !b) return undefined;
  switch (atom.kind) {
    case "div":
      return b.min <= 0 ? undefined : { min: Math.floor(a.min / b.max), max: Math.floor(a.max / b.min) };
    case "max":
      return { min: Math.max(a.min, b.min), max: Math.max(a.max, b.max) };
    case "min":
      return { min: Math.min(a.min, b.min), max: Math.min(a.max, b.max) };
    case "broadcast":
      return { min: 0, max: Math.max(a.max, b.max) };
  }
}
