/**
 * Zip archives in memory: what `.npz` files and Python wheels need, and no more.
 *
 * Reads stored and deflated members, with or without zip64 records; every member's bounds, size and CRC-32 are checked
 * before its bytes are handed out. Writes stored members. Not here: encryption, several disks, other compressions.
 * Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { TensorFileError } from "./error.ts";

/** One file of an archive; `read` unpacks it. */
export interface ZipMember {
  readonly name: string;
  /** Size when unpacked, in bytes. */
  readonly size: number;
  /** The unpacked bytes (a view of the archive if the member is stored). Throws `TensorFileError` if they are damaged. */
  read(): Uint8Array;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;
/** Deflate cannot do better than 1032:1 (zlib technical details), so a larger claim is a lie and is not allocated for. */
const MAX_RATIO = 1032;

/** True if `bytes` begin like a zip archive (also an empty one). */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6));

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** A 64-bit field as a number; sizes beyond 2⁵³ are damage, not data. */
function u64(view: DataView, at: number): number {
  const n = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(n)) throw new TensorFileError("zip archive: an offset or size is out of range");
  return n;
}

/** Where the central directory lies, and how many members it lists. */
function findDirectory(view: DataView): { start: number; count: number } {
  const last = view.byteLength - END_SIZE;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (view.getUint32(at, true) !== END || at + END_SIZE + view.getUint16(at + 20, true) !== view.byteLength) continue;
    const start = view.getUint32(at + 16, true);
    const count = view.getUint16(at + 10, true);
    const locator = at - 20;
    const is64 = (start === 0xffffffff || count === 0xffff) && locator >= 0;
    if (!is64 || view.getUint32(locator, true) !== LOCATOR64) return { start, count };
    const end64 = u64(view, locator + 8);
    if (end64 + 56 > locator || view.getUint32(end64, true) !== END64) break;
    return { start: u64(view, end64 + 48), count: u64(view, end64 + 32) };
  }
  throw new TensorFileError("not a zip archive, or one that was cut off: its directory is missing");
}

/** Sizes and offset of a member that say "see the zip64 extra field" (0xffffffff) are replaced from it. */
function widen(view: DataView, extra: number, length: number, fields: readonly number[]): number[] {
  if (!fields.includes(0xffffffff)) return [...fields];
  for (let at = extra; at + 4 <= extra + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    const end = Math.min(next + view.getUint16(at + 2, true), extra + length);
    return fields.map((field) => {
      if (field !== 0xffffffff) return field;
      if (next + 8 > end) throw new TensorFileError("zip archive: a zip64 field is cut off");
      next += 8;
      return u64(view, next - 8);
    });
  }
  return [...fields];
}

/**
 * The members of the archive in the order of its directory. Nothing is unpacked yet.
 * Throws `TensorFileError` on anything malformed, on encrypted members and on two members with one name.
 */
export function readZip(bytes: Uint8Array): ZipMember[] {
  const view = viewOf(bytes);
  const { start, count } = findDirectory(view);
  const members: ZipMember[] = [];
  const seen = new Set<string>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL)
      throw new TensorFileError(`zip archive: its directory lists ${count} members, but breaks off after ${i}`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) throw new TensorFileError("zip archive: its directory is cut off");
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    if (seen.has(name)) throw new TensorFileError(`zip archive: two members are called "${name}"`);
    seen.add(name);
    const fields = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
    const [size, packed, offset] = widen(view, at + 46 + nameLength, extraLength, fields) as [number, number, number];
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const crc = view.getUint32(at + 16, true);
    members.push({ name, size, read: () => unpack(bytes, { name, size, packed, offset, flags, method, crc }) });
    at = next;
  }
  if (at + 4 <= bytes.length && view.getUint32(at, true) === CENTRAL)
    throw new TensorFileError(`zip archive: its directory has more members than the ${count} that it counts`);
  return members;
}

interface Location {
  readonly name: string;
  readonly size: number;
  readonly packed: number;
  readonly offset: number;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
}

function unpack(bytes: Uint8Array, m: Location): Uint8Array {
  const bad = (what: string): never => {
    throw new TensorFileError(`zip archive: member "${m.name}" ${what}`);
  };
  const view = viewOf(bytes);
  if ((m.flags & 1) !== 0) bad("is encrypted");
  if (m.offset + 30 > bytes.length || view.getUint32(m.offset, true) !== LOCAL) bad("is not where the directory says");
  const start = m.offset + 30 + view.getUint16(m.offset + 26, true) + view.getUint16(m.offset + 28, true);
  if (start + m.packed > bytes.length) bad("is cut off");
  const packed = bytes.subarray(start, start + m.packed);
  const data = m.method === 0 ? packed : m.method === 8 ? inflate(packed, m, bad) : bad(`uses compression ${m.method}`);
  if (data.length !== m.size) bad(`has ${data.length} bytes where the directory says ${m.size}`);
  if (crc32(data) !== m.crc) bad("is damaged (its CRC-32 differs)");
  return data;
}

function inflate(packed: Uint8Array, m: Location, bad: (what: string) => never): Uint8Array {
  if (m.size > (m.packed + 1) * MAX_RATIO) bad(`claims ${m.size} bytes, more than ${m.packed} packed bytes can hold`);
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, m.size) });
  } catch {
    return bad("is damaged (it does not unpack to its size)");
  }
}

const UTF8_NAMES = 0x0800;
/** 1980-01-01, the zero of zip dates: archives of equal content are equal. */
const DATE = 0x0021;

/**
 * An archive of stored members, in the order given. Equal input gives equal bytes.
 * Throws `TensorFileError` where the archive would pass 4 GiB or 65,534 members (no zip64 is written).
 */
export function writeZip(members: readonly (readonly [name: string, data: Uint8Array])[]): Uint8Array {
  const named = members.map(([name, data]) => ({ name: new TextEncoder().encode(name), data, crc: crc32(data) }));
  const locals = named.reduce((sum, m) => sum + 30 + m.name.length + m.data.length, 0);
  const total = named.reduce((sum, m) => sum + 46 + m.name.length, locals + END_SIZE);
  if (total >= 0xffffffff || named.length >= 0xffff)
    throw new TensorFileError("zip archive: over 4 GiB is not written");
  const out = new Uint8Array(total);
  const view = viewOf(out);
  let at = 0;
  let directory = locals;
  for (const m of named) {
    if (m.name.length > 0xffff) throw new TensorFileError("zip archive: a member's name is longer than 65,535 bytes");
    view.setUint32(at, LOCAL, true);
    memberFields(view, at + 4, m);
    out.set(m.name, at + 30);
    out.set(m.data, at + 30 + m.name.length);
    view.setUint32(directory, CENTRAL, true);
    view.setUint16(directory + 4, 20, true);
    memberFields(view, directory + 6, m);
    view.setUint32(directory + 42, at, true);
    out.set(m.name, directory + 46);
    at += 30 + m.name.length + m.data.length;
    directory += 46 + m.name.length;
  }
  view.setUint32(directory, END, true);
  view.setUint16(directory + 8, named.length, true);
  view.setUint16(directory + 10, named.length, true);
  view.setUint32(directory + 12, directory - locals, true);
  view.setUint32(directory + 16, locals, true);
  return out;
}

/** The 26 bytes that a local header and a directory entry share: version, flags, method, time, date, CRC, sizes, name. */
function memberFields(
  view: DataView,
  at: number,
  m: { readonly name: Uint8Array; readonly data: Uint8Array; readonly crc: number },
): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, UTF8_NAMES, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, m.crc, true);
  view.setUint32(at + 14, m.data.length, true);
  view.setUint32(at + 18, m.data.length, true);
  view.setUint16(at + 22, m.name.length, true);
}
