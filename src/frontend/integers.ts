/** 64-bit integers as onnx-proto delivers them. */
import { fail } from "./onnx_error.ts";

/** A `Long` of the package long: two 32-bit halves. */
export interface LongBits {
  readonly high: number;
  readonly low: number;
}

/**
 * The signed value. protobufjs delivers plain numbers where the package `long` is missing; those that may have lost digits
 * are refused rather than trusted.
 */
export function toBigInt(value: number | LongBits | null | undefined): bigint {
  if (value === null || value === undefined) return 0n;
  if (typeof value === "object") return (BigInt(value.high | 0) << 32n) | BigInt(value.low >>> 0);
  if (Number.isSafeInteger(value)) return BigInt(value);
  return fail("E0107", `an integer needs 64 bits (${value}), and the package long is not installed`);
}

/** The signed value where a number suffices; `what` is for the message of E0103. */
export function toSafeNumber(value: number | LongBits | null | undefined, what: string): number {
  const number = Number(toBigInt(value));
  if (Number.isSafeInteger(number)) return number;
  return fail("E0103", `${what} is ${toBigInt(value)}`);
}
