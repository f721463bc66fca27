/**
 * Lists of strings for kernels: short ones as literals, long ones as tables of bytes and ends, so that a vocabulary does not
 * become source text.
 */
import { type Arg, list, reference, str, struct } from "../ir/plan.ts";
import { allocate, type TensorData } from "../ir/tensor.ts";
import { dataTable } from "./data_table.ts";

/** Lists of at most this many strings are written out. */
const maxLiterals = 16;

/** In the order of their UTF-8 bytes, which is that of Rust's `str`. */
export function sortedByBytes(texts: Iterable<string>): string[] {
  return [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** `&["a", "b"]`, or `&ops::StringTable { … }`: both are `Strings` to the kernels. `key` names the table in comments. */
export function stringsArg(texts: readonly string[], key: string): Arg {
  if (texts.length <= maxLiterals) return reference(struct("ops::StringList", [["texts", list(texts.map(str))]]));
  const encoded = texts.map((t) => Buffer.from(t));
  const length = encoded.reduce((n, b) => n + b.length, 0);
  const bytes = (): TensorData => {
    const data = allocate("u8", length) as Uint8Array;
    let at = 0;
    for (const b of encoded) {
      data.set(b, at);
      at += b.length;
    }
    return data;
  };
  const ends = (): TensorData => {
    const data = allocate("u32", texts.length) as Uint32Array;
    let at = 0;
    encoded.forEach((b, i) => {
      at += b.length;
      data[i] = at;
    });
    return data;
  };
  return reference(
    struct("ops::StringTable", [
      ["bytes", dataTable(`${key}: text`, "u8", length, bytes)],
      ["ends", dataTable(`${key}: ends`, "u32", texts.length, ends)],
    ]),
  );
}
