/** Sets of characters of regular expressions: sorted, disjoint ranges of code points. */

export type Range = readonly [first: number, last: number];
export type CharSet = readonly Range[];

export const maxCodePoint = 0x10ffff;
const point = (c: string): number => c.codePointAt(0) as number;
export const span = (first: string, last = first): Range => [point(first), point(last)];

/** Sorted, touching ranges joined. */
export function normal(ranges: readonly Range[]): CharSet {
  const result: [number, number][] = [];
  for (const [first, last] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const top = result.at(-1);
    if (top && first <= top[1] + 1) top[1] = Math.max(top[1], last);
    else result.push([first, last]);
  }
  return result;
}

/** What is not in the set. */
export function complement(set: CharSet): CharSet {
  const result: Range[] = [];
  let next = 0;
  for (const [first, last] of set) {
    if (first > next) result.push([next, first - 1]);
    next = last + 1;
  }
  return next <= maxCodePoint ? [...result, [next, maxCodePoint]] : result;
}

export const anyChar: CharSet = [[0, maxCodePoint]];
export const anyButNewline: CharSet = complement([span("\n")]);

const digits = [span("0", "9")];
const word = normal([span("0", "9"), span("A", "Z"), span("_"), span("a", "z")]);
/** `\d`, `\s`, `\w`: ASCII, as in RE2. */
export const perlClasses: ReadonlyMap<string, CharSet> = new Map([
  ["d", digits],
  ["s", normal([span("\t", "\n"), span("\f", "\r"), span(" ")])],
  ["w", word],
]);

/** `[[:alpha:]]` and the like: ASCII. */
export const posixClasses: ReadonlyMap<string, CharSet> = new Map([
  ["alnum", normal([span("0", "9"), span("A", "Z"), span("a", "z")])],
  ["alpha", normal([span("A", "Z"), span("a", "z")])],
  ["ascii", [[0, 0x7f]]],
  ["blank", normal([span("\t"), span(" ")])],
  [
    "cntrl",
    normal([
      [0, 0x1f],
      [0x7f, 0x7f],
    ]),
  ],
  ["digit", digits],
  ["graph", [span("!", "~")]],
  ["lower", [span("a", "z")]],
  ["print", [span(" ", "~")]],
  ["punct", normal([span("!", "/"), span(":", "@"), span("[", "`"), span("{", "~")])],
  ["space", normal([span("\t", "\r"), span(" ")])],
  ["upper", [span("A", "Z")]],
  ["word", word],
  ["xdigit", normal([span("0", "9"), span("A", "F"), span("a", "f")])],
]);

const scanned = new Map<string, CharSet>();

/** All characters that a JavaScript pattern for one character matches. */
function scan(source: string, flags: string): CharSet {
  const key = `${flags}/${source}`;
  const known = scanned.get(key);
  if (known) return known;
  const pattern = new RegExp(source, flags);
  const ranges: [number, number][] = [];
  for (let c = 0; c <= maxCodePoint; c++) {
    if (c === 0xd800) c = 0xe000; // surrogates are no characters
    if (!pattern.test(String.fromCodePoint(c))) continue;
    const top = ranges.at(-1);
    if (top && top[1] === c - 1) top[1] = c;
    else ranges.push([c, c]);
  }
  scanned.set(key, ranges);
  return ranges;
}

/** A Unicode general category or script; undefined if there is none of that name. */
export function unicodeClass(name: string): CharSet | undefined {
  if (name === "Any") return anyChar;
  if (!/^[A-Za-z_]+$/.test(name)) return undefined;
  for (const property of ["General_Category", "Script"])
    try {
      return scan(`^\\p{${property}=${name}}$`, "u");
    } catch {
      // No such value of this property.
    }
  return undefined;
}

/** The set with all other cases of its letters, by Unicode's simple folding. */
export function foldCase(set: CharSet): CharSet {
  if (set.every(([first, last]) => last < 0x41 || (first > 0x5a && last < 0x61) || (first > 0x7a && last < 0x80)))
    return set;
  if (set.length === 1 && set[0]?.[0] === 0 && set[0][1] === maxCodePoint) return set;
  const hex = (c: number): string => `\\u{${c.toString(16)}}`;
  return scan(`^[${set.map(([first, last]) => `${hex(first)}-${hex(last)}`).join("")}]$`, "iu");
}
