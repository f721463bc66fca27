/**
 * Regular expressions in RE2's syntax, as a tree. What has no meaning for a full match is read and dropped: names and
 * captures of groups, lazy repetition. `\C` (one byte) is refused, as are back references and look-around, which RE2 lacks.
 *
 * Source: https://github.com/google/re2/wiki/Syntax
 */
import {
  anyButNewline,
  anyChar,
  type CharSet,
  complement,
  foldCase,
  maxCodePoint,
  normal,
  perlClasses,
  posixClasses,
  type Range,
  span,
  unicodeClass,
} from "./regex_classes.ts";

export type Assertion = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "wordBoundary" | "noWordBoundary";
export type Regex =
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "assert"; readonly at: Assertion }
  | { readonly kind: "sequence"; readonly items: readonly Regex[] }
  | { readonly kind: "choice"; readonly items: readonly Regex[] }
  | { readonly kind: "repeat"; readonly item: Regex; readonly min: number; readonly max: number };

export class RegexError extends Error {}

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

/** RE2 refuses more. */
const maxRepeat = 1000;
const maxDepth = 200;
const simpleEscapes: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11],
]);
const assertions: ReadonlyMap<string, Assertion> = new Map([
  ["A", "textStart"],
  ["z", "textEnd"],
  ["b", "wordBoundary"],
  ["B", "noWordBoundary"],
]);

/** Throws `RegexError` with what is wrong. */
export function parseRegex(pattern: string): Regex {
  const parser = new Parser(pattern);
  const result = parser.choice(0);
  if (!parser.atEnd()) throw new RegexError("an unmatched )");
  return result;
}

class Parser {
  private readonly chars: readonly string[];
  private at = 0;
  private flags: Flags = { i: false, m: false, s: false };
  /** Between `\Q` and `\E`. */
  private quoted = false;

  constructor(pattern: string) {
    this.chars = [...pattern];
  }

  atEnd(): boolean {
    return this.at >= this.chars.length;
  }

  private peek(offset = 0): string {
    return this.chars[this.at + offset] ?? "";
  }

  private next(): string {
    const c = this.peek();
    if (c === "") throw new RegexError("an unfinished expression");
    this.at++;
    return c;
  }

  /** Goes past `text` if it comes next. */
  private take(text: string): boolean {
    const found = this.chars.slice(this.at, this.at + text.length).join("") === text;
    if (found) this.at += text.length;
    return found;
  }

  /** Goes past what the pattern, which must begin with ^, matches here. */
  private match(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.chars.slice(this.at, this.at + 64).join(""));
    if (found) this.at += [...found[0]].length;
    return found ?? undefined;
  }

  /** Alternatives up to `)` or the end; flags set inside end with it. */
  choice(depth: number): Regex {
    if (depth > maxDepth) throw new RegexError(`groups nested more than ${maxDepth} deep`);
    const outer = this.flags;
    const items = [this.sequence(depth)];
    while (this.take("|")) items.push(this.sequence(depth));
    this.flags = outer;
    return items.length === 1 ? (items[0] as Regex) : { kind: "choice", items };
  }

  private sequence(depth: number): Regex {
    const items: Regex[] = [];
    while (!this.atEnd() && (this.quoted || (this.peek() !== "|" && this.peek() !== ")"))) {
      const item = this.quoted ? this.quotedCharacter() : this.atom(depth);
      if (item) items.push(this.repeated(item));
    }
    return { kind: "sequence", items };
  }

  private quotedCharacter(): Regex | undefined {
    if (!this.take("\\E")) return this.character(this.next());
    this.quoted = false;
    return undefined;
  }

  private repeated(item: Regex): Regex {
    if (this.quoted && !this.take("\\E")) return item;
    this.quoted = false;
    const count = this.repetition();
    if (!count) return item;
    this.take("?");
    if (this.repetition()) throw new RegexError("a repetition of a repetition");
    const { min, max } = count;
    if (min > maxRepeat || (Number.isFinite(max) && (max > maxRepeat || max < min)))
      throw new RegexError(`a repetition of ${min} to ${max}`);
    return { kind: "repeat", item, min, max };
  }

  private repetition(): { min: number; max: number } | undefined {
    if (this.take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.take("?")) return { min: 0, max: 1 };
    // Braces that hold no repetition are characters.
    const braces = this.match(/^\{(\d+)(,(\d*))?\}/);
    if (!braces) return undefined;
    const min = Number(braces[1]);
    if (braces[2] === undefined) return { min, max: min };
    return { min, max: braces[3] === "" ? Number.POSITIVE_INFINITY : Number(braces[3]) };
  }

  /** Undefined for what only changes how the rest is read. */
  private atom(depth: number): Regex | undefined {
    const c = this.next();
    switch (c) {
      case "(":
        return this.group(depth);
      case "[":
        return { kind: "set", set: this.bracket() };
      case ".":
        return { kind: "set", set: this.flags.s ? anyChar : anyButNewline };
      case "^":
        return { kind: "assert", at: this.flags.m ? "lineStart" : "textStart" };
      case "$":
        return { kind: "assert", at: this.flags.m ? "lineEnd" : "textEnd" };
      case "\\":
        return this.escape();
      case "*":
      case "+":
      case "?":
        throw new RegexError(`nothing that ${c} could repeat`);
      default:
        return this.character(c);
    }
  }

  private character(c: string): Regex {
    return { kind: "set", set: this.folded([span(c)]) };
  }

  private folded(set: CharSet): CharSet {
    return this.flags.i ? foldCase(set) : set;
  }

  private group(depth: number): Regex | undefined {
    const outer = this.flags;
    if (this.take("?") && !this.match(/^P?<\w+>/)) {
      const given = this.match(/^([imsU]*)(-[imsU]+)?([:)])/);
      if (!given || given[0] === ")") throw new RegexError(`a group (?${this.peek()}`);
      this.flags = withFlags(this.flags, given[1] as string, given[2] ?? "");
      if (given[3] === ")") return undefined;
    }
    const inside = this.choice(depth + 1);
    if (!this.take(")")) throw new RegexError("a missing )");
    this.flags = outer;
    return inside;
  }

  private escape(): Regex | undefined {
    if (this.take("Q")) {
      this.quoted = true;
      return undefined;
    }
    const assertion = assertions.get(this.peek());
    if (assertion) {
      this.at++;
      return { kind: "assert", at: assertion };
    }
    const set = this.classEscape();
    return set ? { kind: "set", set } : this.character(String.fromCodePoint(this.characterEscape()));
  }

  /** The set that `\d`, `\pL` and the like mean, the backslash being read. */
  private classEscape(): CharSet | undefined {
    const c = this.peek();
    const perl = perlClasses.get(c.toLowerCase());
    if (perl) {
      this.at++;
      return this.signed(perl, c !== c.toLowerCase());
    }
    const property = this.match(/^[pP](\{(\^?)(\w+)\}|[A-Z])/);
    if (!property) {
      if (c === "p" || c === "P") throw new RegexError("an unfinished Unicode class");
      return undefined;
    }
    const name = property[3] ?? (property[1] as string);
    const set = unicodeClass(name);
    if (!set) throw new RegexError(`no Unicode class ${name}`);
    return this.signed(set, (c === "P") !== (property[2] === "^"));
  }

  /** Cases are folded before the set is turned around. */
  private signed(set: CharSet, negated: boolean): CharSet {
    return negated ? complement(this.folded(set)) : this.folded(set);
  }

  /** The character of an escape, the backslash being read. */
  private characterEscape(): number {
    const hex = this.match(/^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,8})\})/);
    const octal = hex ? undefined : this.match(/^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/);
    if (hex || octal) {
      const c = hex
        ? Number.parseInt(hex[1] ?? (hex[2] as string), 16)
        : Number.parseInt((octal as RegExpExecArray)[0], 8);
      if (c > maxCodePoint) throw new RegexError(`a character ${c.toString(16)}`);
      return c;
    }
    const c = this.next();
    const simple = simpleEscapes.get(c);
    if (simple !== undefined) return simple;
    if (!/^[ -/:-@[-`{-~]$/.test(c)) throw new RegexError(`an escape \\${c}`);
    return c.codePointAt(0) as number;
  }

  /** The set of `[…]`, the opening bracket being read. */
  private bracket(): CharSet {
    const negated = this.take("^");
    const ranges: Range[] = [];
    for (let first = true; first || this.peek() !== "]"; first = false) ranges.push(...this.bracketItem());
    this.at++;
    return negated ? complement(normal(ranges)) : normal(ranges);
  }

  private bracketItem(): CharSet {
    const posix = this.match(/^\[:(\^?)(\w+):\]/);
    if (posix) {
      const set = posixClasses.get(posix[2] as string);
      if (!set) throw new RegexError(`no class [:${posix[2]}:]`);
      return this.signed(set, posix[1] === "^");
    }
    if (this.peek() === "\\" && /[dswDSWpP]/.test(this.peek(1))) {
      this.at++;
      return this.classEscape() as CharSet;
    }
    const first = this.bracketCharacter();
    if (this.peek() !== "-" || this.peek(1) === "]") return this.folded([[first, first]]);
    this.at++;
    const last = this.bracketCharacter();
    if (last < first) throw new RegexError("a range that ends before it begins");
    return this.folded([[first, last]]);
  }

  private bracketCharacter(): number {
    const c = this.next();
    return c === "\\" ? this.characterEscape() : (c.codePointAt(0) as number);
  }
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const set = (name: keyof Flags): boolean => (on.includes(name) || flags[name]) && !off.includes(name);
  return { i: set("i"), m: set("m"), s: set("s") };
}
