/** Copies of whole values between steps of control flow: one kernel for each kind of storage. Not an operator. */
import { type Dim, isStatic, symbolsOf } from "../ir/dim.ts";
import type { Value } from "../ir/graph.ts";
import { grow, type Lowering, read, shape, write } from "../ir/plan.ts";

/** Whether one of the symbols occurs in the value's extents. */
export function mentions(v: Value, symbols: ReadonlySet<string>): boolean {
  if (v.type.kind !== "tensor" || v.type.shape === undefined) return false;
  return v.type.shape.some((d) => !isStatic(d) && [...symbolsOf(d)].some((s) => symbols.has(s)));
}

/**
 * `to` becomes a copy of `from`. `resized` names symbols in `to`'s extents that are being set: its buffer then grows to
 * whatever `from` has instead of what the symbols say now.
 */
export function copyValue(l: Lowering, from: Value, to: Value, resized: ReadonlySet<string>): void {
  if (to.type.kind === "optional" && from.type.kind !== "optional") return present(l, from, to);
  if (to.type.kind === "sequence") return l.call("ops::assign_sequence", [read(from), grow(to)]);
  if (to.type.kind !== "tensor") return l.call("ops::assign", [read(from), grow(to)]);
  if (to.type.shape === undefined) return l.call("ops::assign_tensor", [read(from), shape(from), grow(to)]);
  if (mentions(to, resized)) return l.call("ops::assign_elements", [read(from), grow(to)]);
  l.call("ops::copy", [read(from), write(to)]);
}

/** An optional value that is there. */
function present(l: Lowering, from: Value, to: Value): void {
  if (from.type.kind === "tensor") return l.call("ops::optional_tensor", [read(from), shape(from), grow(to)]);
  l.call("ops::optional_sequence", [read(from), grow(to)]);
}

/** Pairs (symbol of `to`, extent of `from`) for the symbols in `owned` that stand alone in `to`'s extents. */
export function bindings(from: Value, to: Value, owned: ReadonlySet<string>): [string, Dim][] {
  if (from.type.kind !== "tensor" || to.type.kind !== "tensor" || !to.type.shape || !from.type.shape) return [];
  const source = from.type.shape;
  return to.type.shape.flatMap((d, i): [string, Dim][] => {
    const name = typeof d === "number" ? undefined : d.key;
    return name !== undefined && owned.has(name) ? [[name, source[i] as Dim]] : [];
  });
}
