/** Models as data that `toEqual` can compare: literals loaded, maps as entries, bigints and odd numbers as text. */
import type { OnnxModel } from "../frontend/onnx_model.ts";
import type { Literal } from "../ir/literal.ts";

const isLiteral = (value: object): value is Literal => "load" in value && typeof value.load === "function";

/** Negative zero and NaN have to differ from zero and from each other. */
const numberText = (x: number | bigint): string => (Object.is(x, -0) ? "-0" : String(x));

/** `value` with everything spelled out. */
export function plain(value: unknown): unknown {
  if (typeof value === "bigint" || typeof value === "number") return numberText(value);
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} ${Array.from(value as unknown as number[], numberText).join(" ")}`;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return [...value].map(plain);
  if (isLiteral(value)) return { literal: plain(value.load()) };
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
}

/** What two readings of the same model have to share: all but the warnings. */
export const plainModel = (model: OnnxModel): unknown => plain({ ...model, warnings: [] });
