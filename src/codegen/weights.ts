/** Lays out `weights.bin`: every table that a step reads, each once, aligned to 64 bytes, in order of first use. */
import { createHash } from "node:crypto";
import { encodeFloat } from "../ir/bits.ts";
import { bytesOf, type DType, isFloat } from "../ir/dtype.ts";
import type { Literal } from "../ir/literal.ts";
import type { Table } from "../ir/plan.ts";
import { sizeOf, type TensorData } from "../ir/tensor.ts";

const alignment = 64;

export interface Placed {
  readonly offset: number;
  readonly length: number;
  readonly dtype: DType;
}

interface Entry extends Placed {
  readonly make: () => TensorData;
}

/** Collects tables; their bytes are made only when they are written. */
export class WeightLayout {
  private readonly byIdentity = new Map<Table | Literal, Placed>();
  private readonly byKey = new Map<string, Placed>();
  private readonly entries: Entry[] = [];
  private end = 0;

  get bytes(): number {
    return this.end;
  }

  table(t: Table): Placed {
    return this.byIdentity.get(t) ?? this.add(t, t.dtype, t.length, () => t.make());
  }

  literal(l: Literal): Placed {
    return this.byIdentity.get(l) ?? this.add(l, l.dtype, sizeOf(l.shape), () => l.load().data);
  }

  private add(owner: Table | Literal, dtype: DType, length: number, make: () => TensorData): Placed {
    const small = length * bytesOf(dtype) <= 1 << 16;
    const key = small ? createHash("sha256").update(dtype).update(encode(dtype, make())).digest("base64") : undefined;
    const twin = key === undefined ? undefined : this.byKey.get(key);
    if (twin) {
      this.byIdentity.set(owner, twin);
      return twin;
    }
    const placed = { offset: this.end, length, dtype, make };
    this.entries.push(placed);
    this.end = Math.ceil((this.end + length * bytesOf(dtype)) / alignment) * alignment;
    this.byIdentity.set(owner, placed);
    if (key !== undefined) this.byKey.set(key, placed);
    return placed;
  }

  /** The file in pieces, gaps filled with zeros; each piece is made when it is asked for. */
  *pieces(): Generator<Uint8Array> {
    let at = 0;
    for (const e of this.entries) {
      if (e.offset > at) yield new Uint8Array(e.offset - at);
      const bytes = encode(e.dtype, e.make());
      yield bytes;
      at = e.offset + bytes.byteLength;
    }
    if (this.end > at) yield new Uint8Array(this.end - at);
  }
}

/** Elements as the generated program keeps them: little-endian, one byte each for 4- and 2-bit types. */
export function encode(dtype: DType, data: TensorData): Uint8Array {
  if (Array.isArray(data)) throw new TypeError("strings are no weights");
  if (!isFloat(dtype) || dtype === "f32" || dtype === "f64")
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const floats = data as Float32Array;
  const wide = bytesOf(dtype) === 2;
  const codes = wide ? new Uint16Array(floats.length) : new Uint8Array(floats.length);
  // The elements are values of the type already; saturating would lose infinity.
  for (let i = 0; i < floats.length; i++) codes[i] = encodeFloat(dtype, floats[i] as number, { saturate: false });
  return new Uint8Array(codes.buffer);
}
