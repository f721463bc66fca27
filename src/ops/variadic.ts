/**
 * Elementwise functions of any number of arrays: a row per operator. `y[i] = f(inputs[..][i])`, broadcast as in NumPy; sums
 * are formed in the wide type, from the first to the last, and rounded once.
 *
 * The greatest and smallest of floats is NaN if any is (as in NumPy; ONNX is silent).
 * Source: https://onnx.ai/onnx/operators/ under the operator's name.
 */
import * as dim from "../ir/dim.ts";
import type { DType } from "../ir/dtype.ts";
import { tensorOf, type Value } from "../ir/graph.ts";
import { applyFn, constant, input, type MapExpr, type MapFn } from "../ir/map_expr.ts";
import { defineOp, type OpDef } from "../ir/op_def.ts";
import { list, read, rust, shape, struct } from "../ir/plan.ts";
import type { Tensor } from "../ir/tensor.ts";
import { tensorType } from "../ir/types.ts";
import { inferBroadcast } from "./binary.ts";
import { all, type Known, mapContents } from "./contents.ts";
import {
  type Element,
  expectBroadcast,
  ieeeFloats,
  isFloatType,
  lowerMap,
  mapElements,
  numeric,
  result,
  wideType,
} from "./elementwise.ts";

interface Row {
  readonly name: "max" | "min" | "sum" | "mean";
  readonly type: string;
  readonly since: readonly number[];
  readonly summary: string;
  readonly dtypes: readonly DType[];
  /** Combines two. */
  readonly map: MapFn;
  readonly f: (a: Element, b: Element) => Element;
  readonly rust: (wide: string) => string;
  readonly contents?: (...x: Known[]) => Known;
  readonly error: string;
}

type Inputs = { readonly data_0: "variadic" };

function variadicOp<const Y extends string>(
  row: Row,
  y: Y,
): OpDef<Inputs, Record<Y, "required">, Record<string, never>> {
  const operands = <T>(data: readonly (T | undefined)[]): readonly T[] => data.filter((v) => v !== undefined);
  const mean = row.name === "mean";
  return defineOp<Inputs, Record<Y, "required">, Record<string, never>>({
    name: row.name,
    summary: row.summary,
    onnx: { type: row.type, since: row.since },
    inputs: { data_0: "variadic" },
    outputs: { [y]: "required" } as Record<Y, "required">,
    attrs: {},
    error: row.error,

    infer({ data_0 }, _, ctx) {
      const data = operands(data_0);
      if (data.length === 0) ctx.fail("E0201", { what: "inputs", expected: "at least one", found: 0 });
      const { dtype, shape } = inferBroadcast(data, row.dtypes, ctx);
      const type = tensorType(dtype, shape);
      return [row.contents ? mapContents(type, data, row.contents) : type];
    },

    evaluate({ data_0 }) {
      const data = operands<Tensor>(data_0);
      const fold = (...x: Element[]): Element => x.reduce((a, b) => row.f(a, b));
      const { dtype } = data[0] as Tensor;
      return [mapElements(dtype, data, mean ? (...x) => Number(fold(...x)) / data.length : fold)];
    },

    lower({ data_0 }, _, l) {
      const data = operands<Value>(data_0);
      const wide = wideType(tensorOf(data[0] as Value).dtype);
      const n = data.length;
      if (tensorOf(data[0] as Value).dtype === "f32") {
        const folded = data.map((_, i): MapExpr => input(i)).reduce((a, b) => applyFn(row.map, a, b));
        return lowerMap(l, mean ? applyFn("mul", folded, constant(1 / n)) : folded, data, l.output(0));
      }
      expectBroadcast(l, data, l.output(0));
      const arrays = data.map((v) =>
        struct("ops::Operand", [
          ["data", read(v)],
          ["shape", shape(v)],
        ]),
      );
      const finish = mean ? `|sum: ${wide}| sum / ${n}.0` : `|x: ${wide}| x`;
      const combine = `|a: ${wide}, b: ${wide}| ${row.rust(wide)}`;
      l.call("ops::fold", [rust(combine), rust(finish), list(arrays), ...result(l.output(0))]);
    },
  });
}

type Ordered = number | bigint;
const isNaNElement = (x: Element): boolean => typeof x === "number" && Number.isNaN(x);
/** Rust of the one of two that is `op` the other. */
const pick = (op: string, method: string) => (wide: string) =>
  isFloatType(wide) ? `if a ${op} b || a.is_nan() { a } else { b }` : `a.${method}(b)`;

export const max = variadicOp(
  {
    name: "max",
    type: "Max",
    since: [1, 6, 8, 12, 13],
    summary: "The greatest.",
    dtypes: numeric,
    map: "max",
    f: (a, b) => ((a as Ordered) > (b as Ordered) || isNaNElement(a) ? a : b),
    rust: pick(">", "max"),
    contents: all((...x: dim.Dim[]) => x.reduce(dim.max)),
    error: "exact",
  },
  "max",
);
export const min = variadicOp(
  {
    name: "min",
    type: "Min",
    since: [1, 6, 8, 12, 13],
    summary: "The smallest.",
    dtypes: numeric,
    map: "min",
    f: (a, b) => ((a as Ordered) < (b as Ordered) || isNaNElement(a) ? a : b),
    rust: pick("<", "min"),
    contents: all((...x: dim.Dim[]) => x.reduce(dim.min)),
    error: "exact",
  },
  "min",
);
const plus = {
  dtypes: ieeeFloats,
  since: [1, 6, 8, 13],
  map: "add",
  f: (a: Element, b: Element) => Number(a) + Number(b),
  rust: () => "a + b",
} as const;
export const sum = variadicOp(
  { ...plus, name: "sum", type: "Sum", summary: "The sum.", error: "≤ (n − 1) roundings of the partial sums" },
  "sum",
);
export const mean = variadicOp(
  { ...plus, name: "mean", type: "Mean", summary: "The mean.", error: "≤ n roundings of the partial sums" },
  "mean",
);

export const variadic = [max, min, sum, mean];
