/** Errors of the text parser: what was expected, what was found, and where. */
import type { IParserErrorMessageProvider, IToken, TokenType } from "chevrotain";
import { EOF, tokenLabel } from "chevrotain";
import { fail, OnnxError, quote } from "./onnx_error.ts";

const shown = (token: IToken | undefined): string =>
  token === undefined || token.tokenType === EOF ? "the end of the text" : quote(token.image, 40);

const named = (type: TokenType): string => {
  const label = tokenLabel(type);
  return label.startsWith("a") ? label : quote(label);
};

/** Chevrotain's wording, replaced. */
export const textErrors: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => `expected ${named(expected)}, found ${shown(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `expected the end of the text, found ${shown(firstRedundant)}`,
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual }) => {
    const firsts = expectedPathsPerAlt.flat().flatMap(([type]) => (type === undefined ? [] : [named(type)]));
    return `expected ${[...new Set(firsts)].join(" or ")}, found ${shown(actual[0])}`;
  },
  buildEarlyExitMessage: ({ expectedIterationPaths, actual }) => {
    const firsts = expectedIterationPaths.flatMap(([type]) => (type === undefined ? [] : [named(type)]));
    return `expected ${[...new Set(firsts)].join(" or ")}, found ${shown(actual[0])}`;
  },
};

/** Where something is in a text. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The place of a token; of the end of `text` for the token that ends it. */
export function placeOf(token: IToken, text: string): Place {
  if (token.startLine !== undefined && Number.isFinite(token.startLine))
    return { line: token.startLine, column: token.startColumn ?? 1 };
  return placeAt(text.length, text);
}

export function placeAt(offset: number, text: string): Place {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}

export const failAt = (code: "E0130" | "E0131", place: Place, what: string): never =>
  fail(code, `line ${place.line}, column ${place.column}: ${what}`);

/** Runs `action`; an error without a place gets that of `token`. */
export function located<T>(token: IToken, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof OnnxError) || error.message.startsWith("line ")) throw error;
    const message = `line ${token.startLine}, column ${token.startColumn}: ${error.message}`;
    throw new OnnxError(error.code, message, { help: error.help, node: error.node });
  }
}
