/**
 * Reading protobuf's wire format from a byte source, forwards, through a window of the file.
 *
 * Source: protobuf.dev/programming-guides/encoding. Groups (wire types 3 and 4) do not occur in ONNX and are refused.
 */
import type { ByteSource } from "./byte_source.ts";
import { fail, quote } from "./onnx_error.ts";

/** Wire types: 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
export type Wire = 0 | 1 | 2 | 5;

/** How much of a file is read at a time, bytes. */
const windowBytes = 1 << 16;

/** A position in a source. Every method that advances throws E0103 at the end of the source. */
export class WireReader {
  readonly source: ByteSource;
  pos = 0;
  /** The bytes at hand: `[base, base + window.length)` of the source. */
  #window: Uint8Array = new Uint8Array(0);
  #base = 0;

  constructor(source: ByteSource) {
    this.source = source;
  }

  byte(): number {
    const at = this.pos - this.#base;
    const value = at >= 0 ? this.#window[at] : undefined;
    if (value !== undefined) {
      this.pos++;
      return value;
    }
    this.#load(1);
    return this.byte();
  }

  /** An unsigned varint of at most 53 bits: tags, lengths, counts. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const b = this.byte();
      value += (b & 0x7f) * scale;
      if (b < 0x80) {
        if (!Number.isSafeInteger(value)) return this.broken("a length or tag does not fit 53 bits");
        return value;
      }
      scale *= 128;
    }
    return this.broken("a varint has more than ten bytes");
  }

  /** The bytes `[pos, pos + length)`, which are consumed. Possibly a view: do not write to it. */
  take(length: number): Uint8Array {
    const bytes = this.view(this.pos, length);
    this.pos += length;
    return bytes;
  }

  /** The bytes `[offset, offset + length)` wherever they are, from the window if it holds them. */
  view(offset: number, length: number): Uint8Array {
    const at = offset - this.#base;
    if (at >= 0 && at + length <= this.#window.length) return this.#window.subarray(at, at + length);
    if (length > windowBytes / 2) return this.source.read(offset, length);
    const pos = this.pos;
    this.pos = offset;
    this.#load(length);
    this.pos = pos;
    return this.#window.subarray(offset - this.#base, offset - this.#base + length);
  }

  /** Moves past `length` bytes if they are at hand and all ASCII; else stays and returns false. */
  skipAscii(length: number): boolean {
    const from = this.pos - this.#base;
    if (from < 0 || from + length > this.#window.length) return false;
    for (let i = from; i < from + length; i++) if ((this.#window[i] as number) >= 0x80) return false;
    this.pos += length;
    return true;
  }

  /** Copies the bytes `[from, to)` of the source to `target` at `at`. */
  copy(from: number, to: number, target: Uint8Array, at: number): void {
    const first = from - this.#base;
    if (to - from > 64 || first < 0 || to - this.#base > this.#window.length)
      target.set(this.view(from, to - from), at);
    else for (let i = 0; i < to - from; i++) target[at + i] = this.#window[first + i] as number;
  }

  /** Moves past one value of wire type `wire`, which has to end at or before `end`. */
  skip(wire: Wire, end: number): void {
    if (wire === 0) this.#skipVarint();
    else if (wire === 1) this.pos += 8;
    else if (wire === 5) this.pos += 4;
    else {
      const length = this.varint();
      this.pos += length;
    }
    if (this.pos > end) this.broken("a field runs past the end of its message");
  }

  /** Moves to `end` over varints, whole ones; returns how many. Streams, so that gigabytes of them need no memory. */
  countVarints(end: number): number {
    let count = 0;
    let last = 0;
    while (this.pos < end) {
      if (this.pos < this.#base || this.pos >= this.#base + this.#window.length) this.#load(1);
      const from = this.pos - this.#base;
      const to = Math.min(this.#window.length, end - this.#base);
      for (let i = from; i < to; i++) {
        last = this.#window[i] as number;
        count += (last >> 7) ^ 1;
      }
      this.pos = this.#base + to;
    }
    if (last >= 0x80) this.broken("a list ends in the middle of a varint");
    return count;
  }

  /** Reads the length of a length-delimited field; returns where its content ends. */
  enter(end: number): number {
    const length = this.varint();
    const inner = this.pos + length;
    if (inner > end) this.broken(`a field of ${length} bytes runs past the end of its message`);
    return inner;
  }

  broken(what: string): never {
    return fail("E0103", `${what}, at byte ${this.pos} of ${quote(this.source.name, 400)}`, {
      help: "The file is truncated or damaged, or it is not an ONNX model.",
    });
  }

  #skipVarint(): void {
    for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return;
    this.broken("a varint has more than ten bytes");
  }

  #load(need: number): void {
    const left = this.source.size - this.pos;
    if (left < need) this.broken("the file ends in the middle of a field");
    this.#base = this.pos;
    this.#window = this.source.read(this.pos, Math.min(left, Math.max(need, windowBytes)));
  }
}
