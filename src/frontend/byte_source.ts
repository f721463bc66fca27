/**
 * Random access to the bytes of a file or buffer.
 *
 * Small files are read at once. Larger ones are opened for each read and recognised as the same file (device, inode, size,
 * time): no descriptor stays open for the life of a model, and a file that is replaced meanwhile is an error, not a mixture.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { fail, quote } from "./onnx_error.ts";

export interface ByteSource {
  /** For messages: a path, or what the bytes are. */
  readonly name: string;
  readonly size: number;
  /** True where `read` gives views of one buffer; else each call gives a buffer of its own. */
  readonly inMemory: boolean;
  /**
   * The bytes `[offset, offset + length)`; a view into the source where it is in memory, so do not write to it.
   * Throws E0103 outside `size`, E0120 if the file changed, E0104 if the piece is larger than a buffer can be.
   */
  read(offset: number, length: number): Uint8Array;
}

export function bytesSource(bytes: Uint8Array, name = "bytes"): ByteSource {
  return {
    name,
    size: bytes.length,
    inMemory: true,
    read(offset, length) {
      checkRange(name, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

/** Files up to this size are held in memory. */
const wholeFileBytes = 16 << 20;

/** The regular file at `path`. Throws E0100 when it cannot be opened or is not a regular file. */
export function fileSource(path: string, maxWhole = wholeFileBytes): ByteSource {
  const fd = openForReading(path);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile())
      fail("E0100", `${quote(path, 400)} is ${stat.isDirectory() ? "a folder" : "not a regular file"}`);
    const size = Number(stat.size);
    if (size <= maxWhole) return bytesSource(readFully(fd, path, 0, size), path);
    return reopeningSource(path, size, { dev: stat.dev, ino: stat.ino, mtimeNs: stat.mtimeNs });
  } finally {
    closeSync(fd);
  }
}

/** What must not change between two reads of the same file. */
interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mtimeNs: bigint;
}

function reopeningSource(path: string, size: number, identity: Identity): ByteSource {
  return {
    name: path,
    size,
    inMemory: false,
    read(offset, length) {
      checkRange(path, size, offset, length);
      const fd = openForReading(path);
      try {
        const now = fstatSync(fd, { bigint: true });
        const same = now.dev === identity.dev && now.ino === identity.ino && now.mtimeNs === identity.mtimeNs;
        if (!same || Number(now.size) !== size) fail("E0120", `${quote(path, 400)} changed while it was being read`);
        return readFully(fd, path, offset, length);
      } finally {
        closeSync(fd);
      }
    },
  };
}

/** O_NONBLOCK: opening a pipe must not wait for a writer. */
function openForReading(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    return fail("E0100", `cannot open ${quote(path, 400)}: ${reason(error)}`);
  }
}

/** The words for an error of the file system. */
export function reason(error: unknown): string {
  const code = (error as { code?: string }).code;
  const words: Record<string, string> = {
    ENOENT: "no such file",
    EACCES: "permission denied",
    EPERM: "permission denied",
    ENOTDIR: "a part of the path is not a folder",
    EISDIR: "it is a folder",
    ELOOP: "too many links",
    ENAMETOOLONG: "the path is too long",
    ERR_INVALID_ARG_VALUE: "the path holds a zero character",
  };
  return (code !== undefined && words[code]) || (error instanceof Error ? error.message : String(error));
}

function checkRange(name: string, size: number, offset: number, length: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0 && length >= 0 && length <= size - offset) return;
  fail("E0103", `bytes ${offset} to ${offset + length} lie outside ${quote(name, 400)} of ${size} bytes`);
}

/** One read(2) returns at most about 2 GiB. */
const chunkBytes = 1 << 30;

/** Exactly `length` bytes at `offset` of an open file. */
export function readFully(fd: number, path: string, offset: number, length: number): Uint8Array {
  const bytes = allocateBytes(length);
  let done = 0;
  while (done < length) {
    const got = readSync(fd, bytes, done, Math.min(chunkBytes, length - done), offset + done);
    if (got === 0) fail("E0120", `${quote(path, 400)} became shorter while it was being read`);
    done += got;
  }
  return bytes;
}

function allocateBytes(length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch {
    return fail("E0104", `a piece of ${length} bytes is larger than a buffer can be`);
  }
}
