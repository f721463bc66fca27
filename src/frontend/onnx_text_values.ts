/** Numbers and tensors of ONNX's text form. */
import { decodeFloat, readPacked } from "../ir/bits.ts";
import { bitsOf, type DType, integerRange, isBig, isFloat, kindOf, packedBytes } from "../ir/dtype.ts";
import { type Literal, lazyLiteral, literalOf } from "../ir/literal.ts";
import { sizeOf, type Tensor, tensor } from "../ir/tensor.ts";
import { decodeDims } from "./decode_tensor.ts";
import { externalRange } from "./external_data.ts";
import type { Limits } from "./limits.ts";
import { fail, quote } from "./onnx_error.ts";
import type { OnnxType } from "./onnx_model.ts";

/** What stands between the braces or brackets of a constant. */
export type Content =
  | { readonly kind: "values"; readonly values: readonly (NumberText | { readonly text: string })[] }
  | { readonly kind: "external"; readonly entries: readonly (readonly [string, string])[] };

/** A number as it is written. */
export type NumberText = string;

export interface TextContext {
  readonly limits: Limits;
  readonly externalRoot: string | undefined;
}

const integerPattern = /^-?\d+$/;
const numberPattern = /^(-?\d+(\.\d*)?([eE][+-]?\d+)?|-?(nan|inf|infinity))$/i;

/** A floating-point number; `Infinity` for what is beyond the range of f64. */
export function parseFloatText(text: string): number {
  if (!numberPattern.test(text)) return fail("E0132", `${quote(text)} is not a number`);
  const word = text.toLowerCase();
  if (word.endsWith("nan")) return NaN;
  if (word.includes("inf")) return word.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

/** A number as f32; what is finite as written must stay finite. */
export function parseFloat32(text: string): number {
  const value = Math.fround(parseFloatText(text));
  if (Math.abs(value) === Infinity && !/inf/i.test(text)) fail("E0132", `${text} is out of the range of float`);
  return value;
}

export function parseInt64(text: string): bigint {
  const value = BigInt(text);
  if (BigInt.asIntN(64, value) !== value) fail("E0132", `${text} is out of the range of int64`);
  return value;
}

/** The literal that `type` and `content` describe. Throws E0110, E0111, E0124, E0132 and those of external data. */
export function tensorLiteral(type: OnnxType, name: string, content: Content, context: TextContext): Literal {
  if (type.kind !== "tensor") return fail("E0124", `the constant ${quote(name)} has a type that is not a tensor`);
  if (type.shape === undefined || type.shape.some((dim) => typeof dim !== "number"))
    return fail("E0124", `the constant ${quote(name)} needs a shape of numbers`);
  const { dtype } = type;
  const shape = decodeDims(type.shape as readonly number[], name, context.limits);
  const size = sizeOf(shape);
  if (content.kind === "external") {
    if (dtype === "string") fail("E0115", `tensor ${quote(name)}: strings cannot be stored externally`);
    const range = externalRange(context.externalRoot, content.entries, packedBytes(dtype, size), name);
    return lazyLiteral(dtype, shape, () => readPacked(dtype, shape, range.read(), true), [range.file]);
  }
  const expected = kindOf(dtype) === "complex" ? 2 * size : size;
  const found = content.values.length;
  if (found !== expected)
    fail(
      "E0111",
      `the constant ${quote(name)}: expected ${expected} values for ${dtype}[${shape.join(", ")}], found ${found}`,
    );
  return literalOf(parseTensor(dtype, shape, name, content.values));
}

function parseTensor(
  dtype: DType,
  shape: readonly number[],
  name: string,
  values: readonly (NumberText | { readonly text: string })[],
): Tensor {
  const wanted = dtype === "string" ? "a string" : "a number";
  const wrong = values.find((v) => (typeof v === "string") === (dtype === "string"));
  if (wrong !== undefined) fail("E0132", `the constant ${quote(name)} of ${dtype}: expected ${wanted}`);
  if (dtype === "string")
    return tensor(
      dtype,
      shape,
      (values as { text: string }[]).map((v) => v.text),
    );
  const numbers = values as readonly string[];
  if (isBig(dtype))
    return tensor(
      dtype,
      shape,
      numbers.map((text) => parseInteger(dtype, text)),
    );
  const data = numbers.map((text) => parseElement(dtype, text));
  if (kindOf(dtype) !== "complex") return tensor(dtype, shape, data);
  return { dtype, shape, data: dtype === "c64" ? Float32Array.from(data) : Float64Array.from(data) };
}

/** One element; floats of 16 bits and fewer are written as their bit patterns. */
function parseElement(dtype: DType, text: string): number {
  if (dtype === "f32" || dtype === "c64") return parseFloat32(text);
  if (dtype === "f64" || dtype === "c128") return parseFloatText(text);
  if (!isFloat(dtype)) return Number(parseInteger(dtype, text));
  const bits = BigInt(
    integerPattern.test(text) ? text : fail("E0132", `${quote(text)} is not a bit pattern of ${dtype}`),
  );
  if (bits < 0n || bits >= 1n << BigInt(bitsOf(dtype))) fail("E0132", `${text} is not a bit pattern of ${dtype}`);
  return decodeFloat(dtype, Number(bits));
}

function parseInteger(dtype: DType, text: string): bigint {
  if (!integerPattern.test(text)) return fail("E0132", `${quote(text)} is not an integer, as ${dtype} needs`);
  const value = BigInt(text);
  const { min, max } = dtype === "bool" ? { min: 0n, max: 1n } : integerRange(dtype);
  if (value < min || value > max) fail("E0132", `${text} is out of the range of ${dtype}`);
  return value;
}
