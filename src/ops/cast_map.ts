/**
 * The values of a map from integers as a row `[1, n]`: in the order of their keys (DENSE), or each in the place that its key
 * says among `max_map` (SPARSE), 0 elsewhere.
 *
 * Numbers become text with six decimals and missing ones "0.f", as in ONNX Runtime; text that is no number is an error of
 * the run. Source: https://onnx.ai/onnx/operators/onnx_aionnxml_CastMap.html
 */
import { attr } from "../ir/attr.ts";
import type { DType } from "../ir/dtype.ts";
import { defineOp } from "../ir/op_def.ts";
import { type Arg, read, rust, write } from "../ir/plan.ts";
import { isTensor, type RuntimeMap, type RuntimeSequence, tensor } from "../ir/tensor.ts";
import { tensorType, typeText } from "../ir/types.ts";

const targets = { TO_FLOAT: "f32", TO_STRING: "string", TO_INT64: "i64" } as const satisfies Record<string, DType>;
type Target = (typeof targets)[keyof typeof targets];

/** What fills places without a value. */
const empty = { f32: 0, i64: 0n, string: "0.f" } as const;
const emptyArg = (target: Target): Arg => rust({ f32: "0.0", i64: "0", string: 'String::from("0.f")' }[target]);

export const castMap = defineOp({
  name: "cast_map",
  summary: "Values of a map as a row.",
  onnx: { type: "CastMap", domain: "ai.onnx.ml", since: [1] },
  inputs: { x: "required" },
  outputs: { y: "required" },
  attrs: {
    cast_to: attr.oneOf(["TO_FLOAT", "TO_STRING", "TO_INT64"], "TO_FLOAT"),
    map_form: attr.oneOf(["DENSE", "SPARSE"], "DENSE"),
    max_map: attr.int(1),
  },

  infer({ x }, { cast_to, map_form, max_map }, ctx) {
    const { type } = x;
    const value = type.kind === "map" && type.value.kind === "tensor" ? type.value.dtype : undefined;
    if (type.kind !== "map" || type.key !== "i64" || (value !== "f32" && value !== "string"))
      ctx.fail("E0201", { what: "X", expected: "a map from i64 to f32 or string", found: typeText(type) });
    if (max_map < 1) ctx.fail("E0202", { name: "max_map", value: max_map, expected: "1 or more" });
    return [tensorType(targets[cast_to], [1, map_form === "SPARSE" ? max_map : ctx.fresh()])];
  },

  evaluateValues({ x }, { cast_to, map_form, max_map }) {
    const target = targets[cast_to];
    const entries = mapEntries(x as RuntimeMap).map(([key, value]) => [Number(key), converted(value, target)] as const);
    entries.sort(([a], [b]) => a - b);
    if (map_form === "DENSE")
      return [
        tensor(
          target,
          [1, entries.length],
          entries.map(([, v]) => v),
        ),
      ];
    const row = new Array<number | bigint | string>(max_map).fill(empty[target]);
    for (const [key, value] of entries) {
      if (key < 0 || key >= max_map) throw new RangeError(`key ${key} of a map for ${max_map} places`);
      row[key] = value;
    }
    return [tensor(target, [1, max_map], row)];
  },

  lower({ x }, { cast_to, map_form }, l) {
    const y = write(l.output(0));
    if (map_form === "SPARSE") {
      l.call("ops::cast_sparse_map", [read(x), emptyArg(targets[cast_to]), y], { fallible: true });
      return;
    }
    l.call("ops::map_len", [read(x)], { binds: true });
    l.call("ops::cast_map", [read(x), y], { fallible: true });
  },
});

/** Keys and values of a map whose values are tensors of one element. */
export function mapEntries(map: RuntimeMap): (readonly [number | bigint | string, number | bigint | string])[] {
  const values = (map.values as RuntimeSequence).elements;
  return values.map((v, i) => {
    if (!isTensor(v)) throw new TypeError("a value of a map is no tensor");
    return [map.keys.data[i] as bigint | string, v.data[0] as number | bigint | string] as const;
  });
}

function converted(value: number | bigint | string, target: Target): number | bigint | string {
  if (target === "string") return typeof value === "string" ? value : Number(value).toFixed(6);
  const text = typeof value === "string" ? value.trim() : undefined;
  if (text !== undefined && !(target === "i64" ? /^[+-]?\d+$/ : /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i).test(text))
    throw new RangeError(`${JSON.stringify(value)} is no number`);
  return target === "i64"
    ? BigInt(typeof value === "number" ? Math.trunc(value) : (text ?? value))
    : Math.fround(Number(value));
}
