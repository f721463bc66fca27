/** Suggestions for names that were mistyped. */
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Help for a path that does not exist: the file beside it with the nearest name, if one is near. */
export function didYouMean(path: string, shown: string): string | undefined {
  const near = nearest(basename(path), siblings(dirname(path)));
  return near === undefined ? undefined : `did you mean ${JSON.stringify(join(dirname(shown), near))}?`;
}

function siblings(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The candidate with the least distance from `name`, which may be a third of its length at most. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const d = distance(name.toLowerCase(), candidate.toLowerCase());
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

/** Insertions, deletions, substitutions and exchanges of neighbours that make `b` of `a` (Damerau 1964, restricted). */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let d = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d = Math.min(d, (before[j - 2] as number) + 1);
      next.push(d);
    }
    [before, row] = [row, next];
  }
  return row[b.length] as number;
}
