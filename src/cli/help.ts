/** Parts of help texts. */

/** The examples at the end of a help text. */
export const examples = (lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((l) => `  onnxidize ${l}`).join("\n")}`;
