/** What elementwise operators share: sets of element types, type rules, reference loops, and lowering to maps. */
import { type Dim, sameDim } from "../ir/dim.ts";
import { type DType, isBig, isInteger, kindOf } from "../ir/dtype.ts";
import { shapeOf, tensorOf, type Value } from "../ir/graph.ts";
import { constant, input, type MapExpr, substituteInputs } from "../ir/map_expr.ts";
import type { InferContext } from "../ir/op_def.ts";
import { type Arg, float, type Lowering, read, rust, shape, write } from "../ir/plan.ts";
import { allocate, sizeOf, type Tensor } from "../ir/tensor.ts";
import { lowBits } from "./convert.ts";
import { broadcastShape, broadcastStrides, eachIndex, toElement, wrapBig } from "./numeric.ts";
import { tensorIn } from "./shape_rules.ts";

export const ieeeFloats: readonly DType[] = ["f16", "bf16", "f32", "f64"];
export const float8s: readonly DType[] = ["f8e4m3fn", "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz"];
export const signedIntegers: readonly DType[] = ["i8", "i16", "i32", "i64"];
export const unsignedIntegers: readonly DType[] = ["u8", "u16", "u32", "u64"];
export const integers: readonly DType[] = [...signedIntegers, ...unsignedIntegers];
export const numeric: readonly DType[] = [...ieeeFloats, ...integers];

/** The element type of an input; one outside of `allowed` is an error. */
export function dtypeIn(v: Value, what: string, allowed: readonly DType[], ctx: Pick<InferContext, "fail">): DType {
  const { dtype } = tensorIn(v, what, ctx);
  if (!allowed.includes(dtype)) ctx.fail("E0203", { what, found: dtype, expected: allowed.join(", ") });
  return dtype;
}

/** The Rust type that arithmetic on elements of `dtype` uses: `Number::Wide` of the runtime. */
export function wideType(dtype: DType): string {
  if (kindOf(dtype) === "float") return dtype === "f64" ? "f64" : "f32";
  if (dtype === "i4" || dtype === "i2") return "i8";
  if (dtype === "u4" || dtype === "u2") return "u8";
  return dtype;
}
export const isFloatType = (wide: string): boolean => wide.startsWith("f");
export const isUnsignedType = (wide: string): boolean => wide.startsWith("u");
/** Number of bits of a wide type. */
export const widthOf = (wide: string): number => Number(wide.slice(1));

export type Element = number | bigint | string;

/**
 * `y[i] = f(inputs[..][i])` with broadcasting, elements as they are kept: 64-bit integers are BigInt, strings strings. The
 * result is brought to `dtype` once.
 */
export function mapElements(dtype: DType, inputs: readonly Tensor[], f: (...x: Element[]) => Element): Tensor {
  const extents = broadcastShape(...inputs.map((t) => t.shape));
  const data = allocate(dtype, sizeOf(extents)) as Element[];
  const strides = inputs.map((t) => broadcastStrides(t.shape, extents));
  const args = new Array<Element>(inputs.length);
  eachIndex(extents, strides, (i, at) => {
    for (let n = 0; n < args.length; n++) args[n] = (inputs[n] as Tensor).data[at[n] as number] as Element;
    data[i] = element(dtype, f(...args));
  });
  return { dtype, shape: extents, data: data as unknown as Tensor["data"] };
}

function element(dtype: DType, x: Element): Element {
  if (typeof x === "string") return x;
  if (isBig(dtype)) return wrapBig(dtype, BigInt(x));
  // Wrapped before it becomes a number, which would lose low bits.
  if (typeof x === "bigint" && isInteger(dtype)) return lowBits(dtype, x);
  return toElement(dtype, Number(x));
}

/** A fused loop; operands that repeat one known number become part of the expression. */
export function lowerMap(l: Lowering, expr: MapExpr, inputs: readonly Value[], output: Value): void {
  expectBroadcast(l, inputs, output);
  const used: Value[] = [];
  const operands = inputs.map((v, i): MapExpr => {
    const splat = v.literal?.splat;
    const last = i === inputs.length - 1 && used.length === 0;
    if (typeof splat === "number" && !last) return constant(splat);
    const at = used.indexOf(v);
    return input(at >= 0 ? at : used.push(v) - 1);
  });
  l.map(
    substituteInputs(expr, (i) => operands[i] as MapExpr),
    used,
    output,
  );
}

/**
 * A check of the run that operands broadcast to the result's extents, for those whose symbolic extents do not say so: what
 * `N` and `M` have in common is known only then.
 */
export function expectBroadcast(l: Lowering, operands: readonly Value[], y: Value): void {
  const to = shapeOf(y);
  for (const v of new Set(operands)) {
    const own = shapeOf(v);
    const fits = own.every((d, i) => d === 1 || sameDim(d, to[i + to.length - own.length] as Dim));
    if (!fits) l.call("ops::expect_broadcast", [shape(v), shape(y)], { fallible: true });
  }
}

/** A value's elements and extents: two arguments of a kernel that broadcasts. */
export const operand = (v: Value): readonly Arg[] => [read(v), shape(v)];
export const result = (v: Value): readonly Arg[] => [write(v), shape(v)];

/** `y[i] = body` of `a` and `b` in their wide types, broadcast. */
export function lowerBinary(
  l: Lowering,
  [a, b]: readonly [Value, Value],
  y: Value,
  body: (a: string, b: string) => string,
): void {
  expectBroadcast(l, [a, b], y);
  const [ta, tb] = [wideType(tensorOf(a).dtype), wideType(tensorOf(b).dtype)];
  l.call("ops::binary", [rust(`|a: ${ta}, b: ${tb}| ${body(ta, tb)}`), ...operand(a), ...operand(b), ...result(y)]);
}

/** A Rust literal of an element, in the wide type. */
export function wideLiteral(dtype: DType, value: Element): Arg {
  if (dtype === "bool") return rust(value ? "true" : "false");
  const wide = wideType(dtype);
  if (typeof value === "number" && isFloatType(wide)) return float(value, wide === "f64" ? "f64" : "f32");
  return rust(String(value));
}
