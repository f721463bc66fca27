/** Maps from keys to labels: the tables of encoders, and the labels of classifiers. */
import { type DType, isFloat } from "../ir/dtype.ts";
import type { Literal } from "../ir/literal.ts";
import { type Arg, floatText, int, reference, rust, str, struct } from "../ir/plan.ts";
import { allocate, type BigArray, type NumberArray, type Tensor } from "../ir/tensor.ts";
import { dataTable } from "./data_table.ts";
import { stringsArg } from "./string_table.ts";

export type Label = number | bigint | string;

/** Equal keys have equal texts: −0 is 0, NaN is NaN. */
const keyText = (key: Label): string => (key === 0 ? "0" : String(key));

/** Keys, each once (the last counts), with their values. */
export function entriesOf(keys: Literal, values: Literal): (readonly [Label, Label])[] {
  const [k, v] = [keys.load().data, values.load().data];
  const entries = new Map<string, readonly [Label, Label]>();
  for (let i = 0; i < k.length; i++) entries.set(keyText(k[i] as Label), [k[i] as Label, v[i] as Label]);
  return [...entries.values()];
}

/** `x` with each element replaced by the value of its key. */
export function encode(
  x: Tensor,
  entries: readonly (readonly [Label, Label])[],
  dtype: DType,
  otherwise: Label,
): Tensor {
  const found = new Map(entries.map(([key, value]) => [keyText(key), value]));
  const data = allocate(dtype, x.data.length);
  for (let i = 0; i < data.length; i++) data[i] = found.get(keyText(x.data[i] as Label)) ?? otherwise;
  return { dtype, shape: x.shape, data };
}

/** In the order of the kernel: numbers ascending with NaN last, texts by their bytes. */
export function sortedEntries(entries: readonly (readonly [Label, Label])[]): (readonly [Label, Label])[] {
  return [...entries].sort(([a], [b]) => {
    if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    const [x, y] = [a, b] as [number | bigint, number | bigint];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

function numbersArg(key: string, dtype: DType, list: readonly Label[]): Arg {
  const make = (): NumberArray | BigArray => {
    const data = allocate(dtype, list.length) as NumberArray;
    list.forEach((x, i) => {
      data[i] = x as number;
    });
    return data;
  };
  return dataTable(key, dtype, list.length, make);
}

/** `impl Keys`. */
export const keysArg = (keys: readonly Label[], dtype: DType): Arg =>
  dtype === "string"
    ? stringsArg(keys as readonly string[], "keys")
    : reference(struct("ops::NumberKeys", [["sorted", numbersArg("keys", dtype, keys)]]));

/** `impl Labels`. */
export function labelsArg(values: readonly Label[], dtype: DType, otherwise: Label): Arg {
  if (dtype === "string")
    return reference(
      struct("ops::TextLabels", [
        ["values", stringsArg(values as readonly string[], "labels")],
        ["default", str(String(otherwise))],
      ]),
    );
  const text = isFloat(dtype)
    ? rust(floatText(Number(otherwise), dtype === "f64" ? "f64" : "f32"))
    : int(otherwise as number | bigint);
  return reference(
    struct("ops::NumberLabels", [
      ["values", numbersArg("labels", dtype, values)],
      ["default", { kind: "list", items: [text] }],
    ]),
  );
}
