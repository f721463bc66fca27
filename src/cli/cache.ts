/** The user's cache folder: compiled programs, the shared build of the runtime. Everything in it may be deleted at any time. */
import { type Dirent, readdirSync, statSync } from "node:fs";
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
