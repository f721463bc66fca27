/** Folders that appear only when they are complete: written beside their place, then moved into it. */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { buildInfoFile, type CrateFile } from "../codegen/crate.ts";
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import { reason } from "../frontend/byte_source.ts";
import type { Session } from "./session.ts";

/** Refuses a folder that an earlier run has not made, so that nothing of the user's is replaced. */
export function refuseForeign(folder: string, shown: string, force: boolean): void {
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return;
    const what = code === "ENOTDIR" ? "is a file" : `cannot be read: ${reason(error)}`;
    throw new Diagnosed(diagnostic("E0506", { path: shown, what }));
  }
  if (force || entries.length === 0 || entries.includes(buildInfoFile)) return;
  throw new Diagnosed(diagnostic("E0506", { path: shown, what: "is not empty and holds no crate of ours" }));
}

/** A folder that is being written, beside the place where it will stand. */
export interface Draft {
  /** Where it is written. */
  readonly path: string;
  /** SHA-256 of the files written so far. */
  readonly hashes: Readonly<Record<string, string>>;
  write(file: CrateFile): Promise<void>;
  /** Moves everything into place at once. What else lies there (`target`, notes) stays. */
  publish(): void;
  /** The same for folders that are named by their contents: one that is there already is as good. */
  publishOnce(): void;
}

/** Begins `folder`. What is written disappears if the session fails before `publish`. */
export function draftFolder(session: Session, folder: string): Draft {
  const target = resolve(folder);
  const path = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString("hex")}.part`);
  const hashes: Record<string, string> = {};
  const made = firstMissing(dirname(target));
  guard(folder, () => mkdirSync(path, { recursive: true }));
  const done = session.onFailure(() => {
    rmSync(path, { recursive: true, force: true });
    if (made !== undefined) removeEmpty(dirname(target), made);
  });
  return {
    path,
    hashes,
    async write(file) {
      hashes[file.path] = await writeFile(session, join(path, file.path), folder, file);
    },
    publish() {
      guard(folder, () => moveInto(path, target));
      done();
    },
    publishOnce() {
      guard(folder, () => moveOrDrop(path, target));
      done();
    },
  };
}

/** The outermost folder on the way to `folder` that does not exist yet. */
function firstMissing(folder: string): string | undefined {
  if (existsSync(folder)) return undefined;
  return firstMissing(dirname(folder)) ?? folder;
}

/** Removes empty folders from `folder` up to `outermost`. */
function removeEmpty(folder: string, outermost: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return; // somebody else has put something into it
  }
  if (folder !== outermost) removeEmpty(dirname(folder), outermost);
}

/** Writes a file piece by piece, pausing in between for signals; its hash. */
async function writeFile(session: Session, path: string, shown: string, file: CrateFile): Promise<string> {
  const hash = createHash("sha256");
  const fd = guard(shown, () => {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "wx");
  });
  let since = 0;
  try {
    for (const piece of file.pieces()) {
      guard(shown, () => writeFully(fd, piece));
      hash.update(piece);
      since += piece.byteLength;
      if (since < pauseBytes) continue;
      since = 0;
      await session.pause();
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

/** Signals are looked at after every so many bytes. */
const pauseBytes = 16 << 20;

function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at, Math.min(bytes.byteLength - at, 1 << 30));
}

/** Runs `action`; what the file system refuses becomes E0507. */
function guard<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof Error) || (error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new Diagnosed(diagnostic("E0507", { path, why: writeReason(error) }));
  }
}

function writeReason(error: Error): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOSPC":
      return "no space left";
    case "EROFS":
      return "the file system is read-only";
    case "ENOENT":
      return "a folder of the path is missing";
    default:
      return reason(error);
  }
}

/**
 * Moves the finished folder `from` to `to`. A free place is taken by one rename; otherwise what an earlier run has put there
 * and all entries with the same names are exchanged, and put back if that fails half way.
 */
function moveInto(from: string, to: string): void {
  if (!existsSync(to)) {
    renameSync(from, to);
    return;
  }
  const old = `${from}.old`;
  mkdirSync(old);
  const moved: (readonly [string, string])[] = [];
  const move = (a: string, b: string): void => {
    renameSync(a, b);
    moved.push([a, b]);
  };
  try {
    const names = readdirSync(from);
    for (const name of new Set([...names, ...ownedEntries(to)]))
      if (existsSync(join(to, name))) move(join(to, name), join(old, name));
    for (const name of names) move(join(from, name), join(to, name));
  } catch (error) {
    for (const [a, b] of moved.reverse()) renameSync(b, a);
    rmSync(old, { recursive: true, force: true });
    throw error;
  }
  rmSync(old, { recursive: true, force: true });
  rmSync(from, { recursive: true, force: true });
}

/** Takes the place `to` if it is free; another process may have been first, at any moment. */
function moveOrDrop(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
    rmSync(from, { recursive: true, force: true });
  }
}

/** What an earlier run has put into `folder`, by its own account. */
function ownedEntries(folder: string): string[] {
  try {
    const info = JSON.parse(readFileSync(join(folder, buildInfoFile), "utf8")) as { files?: Record<string, string> };
    const names = Object.keys(info.files ?? {}).map((path) => path.split("/")[0] as string);
    return names.filter((name) => name !== "" && name !== "." && name !== "..");
  } catch {
    return [];
  }
}

/** `path` as people like to read it: relative where it lies below the folder they are in. */
export function shownPath(session: Session, path: string): string {
  const short = relative(session.host.cwd, path);
  return short === "" ? "." : short.startsWith("..") ? path : short;
}
