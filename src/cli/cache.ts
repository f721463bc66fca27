/** The user's cache folder: compiled programs, the shared build of the runtime. Everything in it may be deleted at any time. */
import { type Dirent, readdirSync, rmSync, statSync, utimesSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Host } from "./host.ts";

/** `$ONNXIDIZE_CACHE`, or `onnxidize` in the system's place for caches. Relative settings are ignored, as XDG asks. */
export function cacheFolder(host: Pick<Host, "env">, ...parts: string[]): string {
  const { ONNXIDIZE_CACHE: own } = host.env;
  return join(own && isAbsolute(own) ? own : join(systemCache(host.env), "onnxidize"), ...parts);
}

function systemCache(env: Host["env"]): string {
  const home = env.HOME ?? homedir();
  if (process.platform === "win32") return env.LOCALAPPDATA ?? join(home, "AppData", "Local");
  if (process.platform === "darwin") return join(home, "Library", "Caches");
  return env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(home, ".cache");
}

/** Bytes of all files below `folder`; 0 if there is none. */
export function folderBytes(folder: string): number {
  const size = (entry: Dirent): number => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return folderBytes(path);
    return entry.isFile() ? (statSync(path, { throwIfNoEntry: false })?.size ?? 0) : 0;
  };
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, e) => sum + size(e), 0);
  } catch {
    return 0;
  }
}

/** Notes that an entry of the cache is in use: `prune` goes by that. */
export function markUsed(folder: string): void {
  try {
    utimesSync(folder, new Date(), new Date());
  } catch {
    // Another process has removed it, or it belongs to somebody else.
  }
}

/** What has been used this recently may be in use now, in milliseconds. */
const recent = 60 * 60 * 1000;

/** Removes all entries of `folder` but the `kept` last used ones, those named in `needed`, and recent ones. */
export function prune(folder: string, kept: number, needed: readonly string[]): void {
  const entries = readdirSync(folder).map((name) => {
    const used = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    return { name, used };
  });
  const old = entries.sort((a, b) => b.used - a.used).slice(kept);
  for (const { name, used } of old)
    if (!needed.includes(name) && Date.now() - used > recent)
      rmSync(join(folder, name), { recursive: true, force: true });
}
