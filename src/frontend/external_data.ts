/**
 * Tensor data in files beside the model, read so that a hostile model reaches nothing else.
 *
 * A location is a relative path without `..`; its real path has to lie inside the model's folder; the file has to be a
 * regular file with one name, and is opened without following links. What is checked is the opened file itself, which is then
 * read through the same descriptor, so nothing can be exchanged in between.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, realpathSync } from "node:fs";
import { join, sep } from "node:path";
import { readFully, reason } from "./byte_source.ts";
import { fail, quote } from "./onnx_error.ts";

export interface ExternalRange {
  /** Path of the file. */
  readonly file: string;
  /** The bytes; opens and checks the file each time. */
  read(): Uint8Array;
}

/** `checksum` is a hash of the whole file and `basepath` a hint of ONNX's own library: neither is used. */
const knownKeys = new Set(["location", "offset", "length", "checksum", "basepath"]);

/**
 * The range that `entries` (`TensorProto.external_data`) describe, checked now. `needed` bytes are what the tensor's shape
 * asks for. Throws E0115 for bad entries, E0116 and E0117 for places a model must not read, E0118 for missing data, E0119
 * without a root.
 */
export function externalRange(
  root: string | undefined,
  entries: readonly (readonly [string, string])[],
  needed: number,
  tensor: string,
): ExternalRange {
  const detail = { node: tensor };
  const values = new Map<string, string>();
  for (const [key, value] of entries) {
    if (!knownKeys.has(key)) fail("E0115", `tensor ${quote(tensor)}: unknown key ${quote(key)}`, detail);
    if (values.has(key)) fail("E0115", `tensor ${quote(tensor)}: the key ${key} occurs twice`, detail);
    values.set(key, value);
  }
  const location = values.get("location");
  if (location === undefined || location === "") return fail("E0115", `tensor ${quote(tensor)}: no location`, detail);
  const offset = decimal(values.get("offset") ?? "0", "offset", tensor);
  const length = decimal(values.get("length") ?? String(needed), "length", tensor);
  if (length !== needed) fail("E0111", `tensor ${quote(tensor)}: expected ${needed} bytes, found ${length}`, detail);
  if (root === undefined)
    return fail("E0119", `tensor ${quote(tensor)} has its data in the file ${quote(location)}`, detail);
  checkLocation(location, tensor);
  const read = (bytes: number): Uint8Array => readInside(root, location, offset, length, bytes, tensor);
  read(0);
  return { file: join(root, location), read: () => read(length) };
}

function decimal(text: string, key: string, tensor: string): number {
  const value = Number(text);
  if (/^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(value)) return value;
  return fail("E0115", `tensor ${quote(tensor)}: ${key} is ${quote(text)}, expected a decimal number`, {
    node: tensor,
  });
}

/** Forms of paths that are refused before the file system is asked. */
function checkLocation(location: string, tensor: string): void {
  const parts = location.split("/");
  const refused =
    location.length > 4096 ||
    location.startsWith("/") ||
    location.includes("\\") ||
    location.includes("\0") ||
    /^[A-Za-z]:/.test(location) ||
    parts.includes("..") ||
    parts.at(-1) === "";
  if (refused) outside(location, tensor);
}

const outside = (location: string, tensor: string): never =>
  fail("E0116", `tensor ${quote(tensor)}: ${quote(location, 400)} does not lie in the model's folder`, {
    node: tensor,
  });

/** Opens and checks the file, then reads the first `bytes` of the range. */
function readInside(
  root: string,
  location: string,
  offset: number,
  length: number,
  bytes: number,
  tensor: string,
): Uint8Array {
  const detail = { node: tensor };
  const file = quote(location, 400);
  const path = resolveInside(root, location, tensor);
  const named = attempt(() => lstatSync(path, { bigint: true }), file, tensor);
  if (!named.isFile()) fail("E0117", `tensor ${quote(tensor)}: ${file} is not a regular file`, detail);
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const fd = attempt(() => openSync(path, flags), file, tensor);
  try {
    const opened = fstatSync(fd, { bigint: true });
    const same = opened.dev === named.dev && opened.ino === named.ino;
    if (!opened.isFile() || !same) fail("E0117", `tensor ${quote(tensor)}: ${file} is not a regular file`, detail);
    if (opened.nlink !== 1n) fail("E0117", `tensor ${quote(tensor)}: ${file} has several names (hard links)`, detail);
    const size = Number(opened.size);
    if (offset + length > size)
      fail(
        "E0118",
        `tensor ${quote(tensor)}: bytes ${offset} to ${offset + length} of ${file}, which has ${size}`,
        detail,
      );
    return readFully(fd, path, offset, bytes);
  } finally {
    closeSync(fd);
  }
}

/** The real path of the file's folder, which has to lie inside the real root, with the file's own name (link or not). */
function resolveInside(root: string, location: string, tensor: string): string {
  const parts = location.split("/");
  const file = parts.pop() as string;
  const realRoot = attempt(() => realpathSync.native(root), quote(root, 400), tensor);
  const folder = attempt(() => realpathSync.native(join(realRoot, ...parts)), quote(location, 400), tensor);
  const prefix = realRoot.endsWith(sep) ? realRoot : realRoot + sep;
  if (folder !== realRoot && !folder.startsWith(prefix)) outside(location, tensor);
  return join(folder, file);
}

function attempt<T>(action: () => T, file: string, tensor: string): T {
  try {
    return action();
  } catch (error) {
    const code = (error as { code?: string }).code === "ELOOP" ? "E0117" : "E0118";
    return fail(code, `tensor ${quote(tensor)}: cannot read ${file}: ${reason(error)}`, { node: tensor });
  }
}
