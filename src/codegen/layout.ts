/**
 * Laying out Rust as rustfmt does (max_width 110, heuristics "Max"): what fits stands on one line, else a list has an item
 * to a line. What this does not know how to break (long sums) stays long, and `isTooWide` tells.
 */

/** Text, or a bracketed list that goes on one line where it fits and else has an item to a line. */
export type Doc = string | Bracketed;

interface Bracketed {
  readonly open: string;
  readonly items: readonly Doc[];
  readonly close: string;
}

export const call = (name: string, items: readonly Doc[], suffix = ""): Doc => ({
  open: `${name}(`,
  items,
  close: `)${suffix}`,
});
export const array = (items: readonly Doc[], prefix = "&["): Doc => ({ open: prefix, items, close: "]" });

const maxWidth = 110;

/** Lines that rustfmt would break and that `layOut` cannot. */
export const isTooWide = (rust: string): boolean =>
  rust.split("\n").some((line) => line.length > maxWidth && !/^\s*\/\//.test(line));

export function flat(d: Doc): string {
  if (typeof d === "string") return d;
  const inner = d.items.map(flat).join(", ");
  const spaced = d.open.endsWith("{") && inner !== "";
  return `${d.open}${spaced ? ` ${inner} ` : inner}${d.close}`;
}

/** Lines of `d` at `indent` levels, `before` standing in front and `after` behind. */
export function layOut(d: Doc, indent: number, before = "", after = ""): string {
  const pad = "    ".repeat(indent);
  const one = `${pad}${before}${flat(d)}${after}`;
  if (one.length <= maxWidth) return one;
  const list = typeof d === "string" ? bracketed(d) : d;
  if (!list || list.items.length === 0) return one;
  const [close, method] = splitMethod(list.close);
  const below = `${pad}    ${flat(d)}${after}`;
  if (method && before.endsWith(" = ") && below.length <= maxWidth) return `${pad}${before.trimEnd()}\n${below}`;
  if (method) return layOutMethod({ ...list, close }, method, indent, before, after);
  const lines = overflowing({ ...list, close });
  const items = isFilled(lines)
    ? fill(lines.items as string[], indent + 1)
    : lines.items.map((i) => layOut(i, indent + 1, "", ","));
  return [`${pad}${before}${lines.open}`, ...items, `${pad}${lines.close}${after}`].join("\n");
}

/** A method goes to a line of its own: indented if the call before it fits on one line. */
function layOutMethod(list: Bracketed, method: string, indent: number, before: string, after: string): string {
  const head = layOut(list, indent, before);
  const pad = "    ".repeat(head.includes("\n") ? indent : indent + 1);
  return `${head}\n${pad}${method}${after}`;
}

function splitMethod(close: string): [string, string] {
  const at = close.indexOf(".");
  return at > 0 ? [close.slice(0, at), close.slice(at)] : [close, ""];
}

/** A list whose one item is a list too opens and closes both at once: `Err(Error::new(` … `))`. */
function overflowing(list: Bracketed): Bracketed {
  const only = list.items.length === 1 && !list.open.endsWith("{") ? list.items[0] : undefined;
  const inner = typeof only === "string" ? bracketed(only) : only;
  if (!inner || inner.items.length === 0 || /^\)\??\./.test(inner.close)) return list;
  return overflowing({ open: list.open + inner.open, items: inner.items, close: inner.close + list.close });
}

/** Rustfmt fills the lines of an array of short elements. */
const shortElement = 10;
const isFilled = (list: Bracketed): boolean =>
  list.open.endsWith("[") && list.items.every((i) => typeof i === "string" && i.length <= shortElement);

function fill(items: readonly string[], indent: number): string[] {
  const pad = "    ".repeat(indent);
  const lines: string[] = [];
  let line = "";
  for (const item of items) {
    const longer = line === "" ? `${pad}${item},` : `${line} ${item},`;
    if (longer.length > maxWidth && line !== "") {
      lines.push(line);
      line = `${pad}${item},`;
    } else line = longer;
  }
  return [...lines, line];
}

/** Text that is one bracket with something in front (`rt::room(a, b)`, `&[a, b]`) taken apart; undefined for all else. */
function bracketed(text: string): Bracketed | undefined {
  const [open] = /^(?:\w+: )?(?:&mut |&)?[\w:.<>]*!?(?: ?\{|[([])/.exec(text) ?? [];
  if (open === undefined || !closes(text, open.length)) return undefined;
  const items = splitItems(text.slice(open.length, -1));
  return { open, items, close: text.at(-1) as string };
}

/** Whether the bracket that opens before `at` closes with the last character of `text`. */
function closes(text: string, at: number): boolean {
  let depth = 1;
  for (const { index, depth: change } of brackets(text, at)) {
    depth += change;
    if (depth === 0) return index === text.length - 1;
  }
  return false;
}

function splitItems(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { index, depth: change } of brackets(text, 0)) {
    depth += change;
    if (change !== 0 || depth > 0) continue;
    items.push(text.slice(from, index).trim());
    from = index + 1;
  }
  return [...items, text.slice(from).trim()].filter((i) => i !== "");
}

/** Brackets (+1, -1) and commas (0) of Rust text from `at` on, those inside of string literals left out. */
function* brackets(text: string, at: number): Generator<{ readonly index: number; readonly depth: number }> {
  for (let i = at; i < text.length; i++) {
    const c = text[i] as string;
    if (c === '"') {
      i++;
      while (i < text.length && text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
    } else if ("([{".includes(c)) yield { index: i, depth: 1 };
    else if (")]}".includes(c)) yield { index: i, depth: -1 };
    else if (c === ",") yield { index: i, depth: 0 };
  }
}
