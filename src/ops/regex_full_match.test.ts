import { describe, expect, it } from "vitest";
import { compileRegex, matchesFully } from "./regex_program.ts";
import { parseRegex, RegexError } from "./regex_syntax.ts";

/** Pattern, texts that match, texts that do not: checked against RE2 itself. */
const cases: readonly [string, readonly string[], readonly string[]][] = [
  ["", [""], ["a"]],
  ["a|ab", ["a", "ab"], ["b", "abb", ""]],
  ["(a|b)*c", ["c", "abac"], ["abca", "cc"]],
  ["a{2,3}?", ["aa", "aaa"], ["a", "aaaa"]],
  ["x{,2}", ["x{,2}"], ["", "x", "xx"]],
  [".", ["a", "é", "K"], ["", "\n", "ab"]],
  ["(?s).", ["\n"], [""]],
  ["(?i)k", ["k", "K", "\u212a"], ["c"]],
  ["(?i:a)B", ["aB", "AB"], ["ab"]],
  ["a(?i)b|c", ["aB", "C"], ["AB"]],
  ["[^a]", ["b", "\n", "é"], ["a", ""]],
  ["(?i)[^a]", ["b"], ["a", "A"]],
  ["[]a]+", ["]a"], ["b"]],
  ["[\\w-]+", ["a-_9"], ["é", " "]],
  ["[[:^digit:]x]", ["x", "a"], ["1"]],
  ["\\d\\D", ["1a", "2é"], ["11", "٣a"]],
  ["\\p{Greek}\\PL", ["α1"], ["a1", "αβ"]],
  ["\\p{^Lu}\\pL", ["1A", "aa"], ["AA"]],
  ["\\x41\\x{3b1}\\101\\n", ["AαA\n"], ["AαA"]],
  ["\\Qa*b\\E+", ["a*b", "a*bbb"], ["aab", "a*ba*b"]],
  ["^a$", ["a"], ["a\n"]],
  ["(?m:a$\n^b)", ["a\nb"], ["ab"]],
  ["\\ba+\\b.*", ["a", "aa b"], ["", "a_"]],
  ["a\\Bb", ["ab"], []],
  ["(?P<year>\\d{4})-(?<m>\\d\\d)", ["2024-06"], ["24-06"]],
  ["(a*)*", ["", "aaa"], ["b"]],
];

const invalid = [
  "(",
  ")",
  "[a",
  "*",
  "a**",
  "\\1",
  "\\8",
  "(?=a)",
  "\\C",
  "a{1001}",
  "a{3,1}",
  "\\p{Nope}",
  "[z-a]",
  "(?x)",
  "\\",
];

describe("regular expressions", () => {
  it.each(cases)("%j", (pattern, yes, no) => {
    const program = compileRegex(parseRegex(pattern));
    for (const text of yes) expect(matchesFully(program, text), JSON.stringify(text)).toBe(true);
    for (const text of no) expect(matchesFully(program, text), JSON.stringify(text)).toBe(false);
  });

  it.each(invalid)("refuses %j", (pattern) => {
    expect(() => compileRegex(parseRegex(pattern))).toThrow(RegexError);
  });

  it("takes time proportional to the text", () => {
    const program = compileRegex(parseRegex("(a|a)*(a*)*b"));
    expect(matchesFully(program, "a".repeat(5000))).toBe(false);
  });
});
