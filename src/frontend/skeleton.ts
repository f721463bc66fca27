/** The skeleton of a message: the source's bytes with edits applied. */
import type { WireReader } from "./wire.ts";

/** `remove` bytes of the source at `at` become `insert`. */
export interface Edit {
  readonly at: number;
  remove: number;
  insert: Uint8Array;
  /** True for a field that is left out: such edits may be lengthened. */
  readonly strip: boolean;
}

export const nothing = new Uint8Array(0);

/** Leaves `[start, end)` out; edits have to come in ascending order. */
export function strip(edits: Edit[], start: number, end: number): void {
  const last = edits.at(-1);
  if (last?.strip && last.at + last.remove === start) last.remove += end - start;
  else edits.push({ at: start, remove: end - start, insert: nothing, strip: true });
}

export const composedSize = (edits: readonly Edit[], from: number, to: number): number =>
  edits.reduce((sum, edit) => sum + edit.insert.length - edit.remove, to - from);

/** The bytes `[from, to)` with the edits applied. */
export function compose(reader: WireReader, edits: readonly Edit[], from: number, to: number): Uint8Array {
  const skeleton = new Uint8Array(composedSize(edits, from, to));
  let at = 0;
  let done = from;
  for (const edit of edits) {
    reader.copy(done, edit.at, skeleton, at);
    at += edit.at - done;
    skeleton.set(edit.insert, at);
    at += edit.insert.length;
    done = edit.at + edit.remove;
  }
  reader.copy(done, to, skeleton, at);
  return skeleton;
}

export function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
