/**
 * Sums of products in the reference semantics: floats in double precision, integers exactly modulo 2ⁿ. What the sums run
 * over is the caller's business; this file knows only how to add, to multiply, and to bring the result to an element type.
 */
import { type DType, isBig, isInteger } from "../ir/dtype.ts";
import { allocate, type BigArray, type NumberArray, sizeOf, type Tensor } from "../ir/tensor.ts";
import { toElement, wrapBig } from "./numeric.ts";

/** Addition and multiplication of what elements are computed in. */
export interface Ring<E> {
  readonly zero: E;
  readonly one: E;
  add(a: E, b: E): E;
  mul(a: E, b: E): E;
}

const doubles: Ring<number> = { zero: 0, one: 1, add: (a, b) => a + b, mul: (a, b) => a * b };
/** Integers of up to 32 bits: the low 32 bits of every sum and product. */
const words: Ring<number> = { zero: 0, one: 1, add: (a, b) => (a + b) | 0, mul: Math.imul };
/** 64-bit integers: exact, wrapped at the end. */
const longs: Ring<bigint> = { zero: 0n, one: 1n, add: (a, b) => a + b, mul: (a, b) => a * b };

/** A computation over any ring: `read(n)` gives the elements of the n-th operand. The result is one value per element. */
export type Sums = <E>(ring: Ring<E>, read: (n: number) => ArrayLike<E>, put: (i: number, value: E) => void) => void;

/** Runs `sums` over operands of one element type and rounds or wraps what it puts to `dtype`, that type unless given. */
export function sumsOf(operands: readonly Tensor[], shape: readonly number[], sums: Sums, dtype?: DType): Tensor {
  const from = (operands[0] as Tensor).dtype;
  const to = dtype ?? from;
  const data = allocate(to, sizeOf(shape));
  if (isBig(from)) {
    sums<bigint>(
      longs,
      (n) => (operands[n] as Tensor).data as BigArray,
      (i, value) => {
        (data as BigArray)[i] = wrapBig(to as "i64" | "u64", value);
      },
    );
  } else {
    sums<number>(
      isInteger(from) ? words : doubles,
      (n) => (operands[n] as Tensor).data as NumberArray,
      (i, value) => {
        (data as NumberArray)[i] = toElement(to, value);
      },
    );
  }
  return { dtype: to, shape, data };
}
