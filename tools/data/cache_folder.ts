/** Where downloaded and derived files live: the user's cache folder, outside the checkout. Everything in it may be deleted. */
import { homedir } from "node:os";
import { join } from "node:path";

/** `$XDG_CACHE_HOME/onnxidize`, or `~/.cache/onnxidize` where that is not set (or relative, as its specification asks). */
export function cacheFolder(...parts: string[]): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base?.startsWith("/") ? base : join(homedir(), ".cache"), "onnxidize", ...parts);
}
