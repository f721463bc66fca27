/** Tokens of ONNX's text form. */
import { createToken, Lexer, type TokenType } from "chevrotain";
import { dtypeFromOnnxText } from "../ir/dtype.ts";

const token = (name: string, label: string, pattern: RegExp): TokenType => createToken({ name, label, pattern });

/** There are no reserved words: what an identifier means depends on where it stands. */
export const Id = token("Id", "a name", /[A-Za-z_][A-Za-z0-9_]*/);
/** A backslash stands for the character after it, whatever that is: "\n" is the letter n. */
export const Text = createToken({
  name: "Text",
  label: "a string",
  pattern: /"(?:[^"\\]|\\[\s\S])*"/,
  line_breaks: true,
});
export const Float = token(
  "Float",
  "a number",
  /-?\d+(?:\.\d*(?:[eE][+-]?\d+)?|[eE][+-]?\d+)|-(?:infinity|inf|nan)(?![A-Za-z0-9_])/i,
);
export const Int = token("Int", "an integer", /-?\d+/);
export const Arrow = token("Arrow", "=>", /=>/);
export const Equals = token("Equals", "=", /=/);
export const Less = token("Less", "<", /</);
export const Greater = token("Greater", ">", />/);
export const LParen = token("LParen", "(", /\(/);
export const RParen = token("RParen", ")", /\)/);
export const LBracket = token("LBracket", "[", /\[/);
export const RBracket = token("RBracket", "]", /\]/);
export const LCurly = token("LCurly", "{", /\{/);
export const RCurly = token("RCurly", "}", /\}/);
export const Comma = token("Comma", ",", /,/);
export const Colon = token("Colon", ":", /:/);
export const Dot = token("Dot", ".", /\./);
export const Question = token("Question", "?", /\?/);
export const At = token("At", "@", /@/);

/**
 * `{1, -2.5, nan}`: the numbers of a tensor as one token, because there may be millions. The body of a graph is never
 * mistaken for it: every node has an equals sign.
 */
export const NumberList = createToken({
  name: "NumberList",
  label: "a list of numbers",
  pattern: { exec: matchNumberList },
  line_breaks: true,
  start_chars_hint: ["{"],
});

function matchNumberList(text: string, offset: number): RegExpExecArray | null {
  if (text[offset] !== "{") return null;
  let end = offset + 1;
  let content = false;
  for (; ; end++) {
    const c = text.charCodeAt(end);
    if (c === 0x7d) break; // }
    if (isSpace(c)) continue;
    if (!isNumberPart(c)) return null;
    content = true;
  }
  return content ? ([text.slice(offset, end + 1)] as RegExpExecArray) : null;
}

const isSpace = (c: number): boolean => c === 0x20 || (c >= 0x09 && c <= 0x0d);
/** Digits, letters (exponents, nan, inf) and `+`, `,`, `-`, `.`. NaN, at the end of the text, is none of them. */
const isNumberPart = (c: number): boolean =>
  (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a) || (c >= 0x2b && c <= 0x2e);

const Space = createToken({ name: "Space", pattern: /\s+/, group: Lexer.SKIPPED, line_breaks: true });
const Comment = createToken({ name: "Comment", pattern: /#[^\n]*/, group: Lexer.SKIPPED });

export const tokens: TokenType[] = [
  Space,
  Comment,
  Id,
  Text,
  Float,
  Int,
  Arrow,
  Equals,
  Less,
  Greater,
  LParen,
  RParen,
  LBracket,
  RBracket,
  NumberList,
  LCurly,
  RCurly,
  Comma,
  Colon,
  Dot,
  Question,
  At,
];

export const lexer = new Lexer(tokens, { positionTracking: "onlyStart" });

/** The content of a string token. */
export const unquote = (image: string): string => image.slice(1, -1).replace(/\\([\s\S])/g, "$1");

/** True for words that begin a type: `float`, `seq` and so on. */
export const isTypeWord = (word: string): boolean => dtypeFromOnnxText(word) !== undefined || typeWords.has(word);
const typeWords = new Set(["seq", "map", "optional", "sparse_tensor"]);

/** True for `nan`, `inf` and `infinity` in any case, which are numbers where a value is expected. */
export const isFloatWord = (word: string): boolean => /^(nan|inf|infinity)$/i.test(word);

export const isIdentifier = (text: string): boolean => /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
