/** Writing protobuf's wire format: each function gives the bytes of one field, and `message` puts them together. */
import { encodeVarint } from "./skeleton.ts";

const text = new TextEncoder();

export function message(...fields: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + field.length, 0));
  let at = 0;
  for (const field of fields) {
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

/** No field at all: proto2 fields that are absent have their default. */
export const absent: Uint8Array = new Uint8Array(0);

const tag = (field: number, wire: number): Uint8Array => encodeVarint(field * 8 + wire);

/** A 64-bit integer in two's complement: negative values take ten bytes. */
export function varint64(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

export const intField = (field: number, value: bigint | number): Uint8Array =>
  message(tag(field, 0), varint64(BigInt(value)));

export const bytesField = (field: number, value: Uint8Array): Uint8Array =>
  message(tag(field, 2), encodeVarint(value.length), value);

/** Lone surrogates, which UTF-8 cannot hold, become U+FFFD. */
export const textField = (field: number, value: string): Uint8Array => bytesField(field, text.encode(value));

/** A text that is left out when empty. */
export const optionalText = (field: number, value: string): Uint8Array =>
  value === "" ? absent : textField(field, value);

export function floatField(field: number, value: number): Uint8Array {
  return message(tag(field, 5), floatBytes([value]));
}

/** Packed f32 elements. */
export const floatsField = (field: number, values: readonly number[]): Uint8Array =>
  bytesField(field, floatBytes(values));

function floatBytes(values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setFloat32(4 * i, value, true);
  return new Uint8Array(view.buffer);
}

/** Packed integers. */
export const intsField = (field: number, values: readonly (bigint | number)[]): Uint8Array =>
  bytesField(field, message(...values.map((value) => varint64(BigInt(value)))));
