/** The contents of list fields that the wire scanner left in the file. */
import type { ByteSource } from "./byte_source.ts";
import { fail } from "./onnx_error.ts";
import type { Run } from "./scan_state.ts";

/** What the runs of a list hold, taken together. */
export const countOf = (runs: readonly Run[]): number => runs.reduce((sum, run) => sum + run.count, 0);

const bytesOfRun = (source: ByteSource, run: Run): Uint8Array => run.bytes ?? source.read(run.offset, run.length);

export interface FixedBytes {
  readonly bytes: Uint8Array;
  /** True if nobody else has these bytes. */
  readonly owned: boolean;
}

/** The elements of fixed width as one stretch of little-endian bytes; raw data likewise. */
export function fixedBytes(source: ByteSource, runs: readonly Run[], width: number): FixedBytes {
  const [first] = runs;
  if (runs.length === 1 && first?.packed === true)
    return { bytes: bytesOfRun(source, first), owned: first.bytes === undefined && !source.inMemory };
  const bytes = new Uint8Array(countOf(runs) * width);
  let at = 0;
  for (const run of runs) {
    const content = bytesOfRun(source, run);
    if (run.packed) bytes.set(content, at);
    else gatherFixed(content, run, width, bytes, at);
    at += run.count * width;
  }
  return { bytes, owned: true };
}

/** Elements that stand alone, each behind its tag. */
function gatherFixed(content: Uint8Array, run: Run, width: number, into: Uint8Array, at: number): void {
  let from = 0;
  for (let i = 0; i < run.count; i++) {
    from = varintEnd(content, from);
    for (let byte = 0; byte < width; byte++) into[at + i * width + byte] = content[from + byte] as number;
    from += width;
  }
}

/** The position after the varint that begins at `at`. */
function varintEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while ((bytes[end] ?? 0) >= 0x80) end++;
  return end + 1;
}

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Varints as 64-bit integers in two's complement. */
export function varints(source: ByteSource, runs: readonly Run[]): BigInt64Array {
  const values = new BigInt64Array(countOf(runs));
  const words = new Uint32Array(values.buffer);
  let at = 0;
  for (const run of runs) {
    const content = bytesOfRun(source, run);
    let from = 0;
    for (let i = 0; i < run.count; i++) {
      if (!run.packed) from = varintEnd(content, from);
      from = readVarint64(content, from, words, 2 * at++);
    }
    if (from !== content.length) fail("E0103", `a list of integers has ${content.length - from} bytes too many`);
  }
  return values;
}

/** A few varints as plain bigints: cheaper than a typed array for the short lists of most attributes. */
export function shortVarints(source: ByteSource, runs: readonly Run[]): bigint[] {
  if (countOf(runs) > 64) return Array.from(varints(source, runs));
  const values: bigint[] = [];
  const words = scratch;
  for (const run of runs) {
    const content = bytesOfRun(source, run);
    let from = 0;
    for (let i = 0; i < run.count; i++) {
      if (!run.packed) from = varintEnd(content, from);
      from = readVarint64(content, from, words, 0);
      values.push(scratchValue[0] as bigint);
    }
  }
  return values;
}

const scratchValue = new BigInt64Array(1);
const scratch = new Uint32Array(scratchValue.buffer);

/** Writes the varint at `from` to two words of a 64-bit integer; returns where it ends. Bits beyond 64 are dropped. */
function readVarint64(bytes: Uint8Array, from: number, words: Uint32Array, at: number): number {
  let low = 0;
  let high = 0;
  for (let i = 0; i < 10; i++) {
    const b = bytes[from + i] ?? 0;
    const bits = b & 0x7f;
    if (i < 4) low |= bits << (7 * i);
    else if (i === 4) {
      low |= bits << 28;
      high |= bits >> 4;
    } else if (i < 9) high |= bits << (7 * i - 32);
    else high |= bits << 31;
    if (b >= 0x80) continue;
    words[at] = hostIsLittleEndian ? low : high;
    words[at + 1] = hostIsLittleEndian ? high : low;
    return from + i + 1;
  }
  return fail("E0103", "a varint has more than ten bytes");
}

/** The elements of a list of strings or bytes; copies. */
export function byteStrings(source: ByteSource, runs: readonly Run[]): Uint8Array[] {
  const values: Uint8Array[] = [];
  for (const run of runs) {
    const content = bytesOfRun(source, run);
    let at = 0;
    for (let i = 0; i < run.count; i++) {
      const lengthAt = varintEnd(content, at);
      const start = varintEnd(content, lengthAt);
      at = start + smallVarint(content, lengthAt, start);
      values.push(new Uint8Array(content.subarray(start, at))); // Buffer's slice would be a view
    }
  }
  return values;
}

function smallVarint(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = to - 1; i >= from; i--) value = value * 128 + ((bytes[i] as number) & 0x7f);
  return value;
}
