/** How scattered updates are combined with what stands in their place. */
import { attr } from "../ir/attr.ts";
import type { DType } from "../ir/dtype.ts";
import type { InferContext } from "../ir/op_def.ts";
import { type Arg, struct } from "../ir/plan.ts";
import { toElement, wrapBig } from "./numeric.ts";

export type Reduction = "none" | "add" | "mul" | "max" | "min";

export const reductionAttr = attr.oneOf<Reduction>(["none", "add", "mul", "max", "min"], "none");

const kernels = { add: "Sum", mul: "Prod", max: "Max", min: "Min" } as const;

/** The runtime's name of the reduction, or undefined where updates replace. */
export const reductionArg = (reduction: Reduction): Arg | undefined =>
  reduction === "none" ? undefined : struct(`ops::reduce::${kernels[reduction]}`);

/** Strings and truth values can only be replaced. */
export function checkReduction(reduction: Reduction, dtype: DType, ctx: InferContext): void {
  if (reduction !== "none" && (dtype === "string" || dtype === "bool" || dtype.startsWith("c")))
    ctx.fail("E0203", { what: `data to ${reduction}`, found: dtype, expected: "numbers" });
}

type Element = number | bigint | string;

/** `old` combined with `update`, as elements of `dtype` are kept. NaN wins over everything in `max` and `min`. */
export function combine(reduction: Reduction, dtype: DType, old: Element, update: Element): Element {
  if (reduction === "none") return update;
  if (typeof old === "bigint") return wrapBig(dtype as "i64" | "u64", combineBig(reduction, old, update as bigint));
  const [a, b] = [old as number, update as number];
  switch (reduction) {
    case "add":
      return toElement(dtype, a + b);
    case "mul":
      return toElement(dtype, dtype === "i32" || dtype === "u32" ? Math.imul(a, b) : a * b);
    case "max":
      return Math.max(a, b);
    case "min":
      return Math.min(a, b);
  }
}

function combineBig(reduction: Exclude<Reduction, "none">, a: bigint, b: bigint): bigint {
  switch (reduction) {
    case "add":
      return a + b;
    case "mul":
      return a * b;
    case "max":
      return a > b ? a : b;
    case "min":
      return a < b ? a : b;
  }
}
