/** The parts of ONNX's text grammar below graphs: names, types, values with a type, and the contents of constants. */
import { EmbeddedActionsParser, type ParserMethod } from "chevrotain";
import type { Literal } from "../ir/literal.ts";
import { defaultLimits } from "./limits.ts";
import { fail, quote } from "./onnx_error.ts";
import type { OnnxDim, OnnxType, OnnxValueInfo } from "./onnx_model.ts";
import { located, textErrors } from "./onnx_text_errors.ts";
import * as t from "./onnx_text_tokens.ts";
import { makeType } from "./onnx_text_types.ts";
import { type Content, parseInt64, type TextContext, tensorLiteral } from "./onnx_text_values.ts";

export class TextBase extends EmbeddedActionsParser {
  protected context: TextContext = { limits: defaultLimits, externalRoot: undefined };
  #graphDepth = 0;
  #typeDepth = 0;

  constructor() {
    super(t.tokens, { maxLookahead: 2, errorMessageProvider: textErrors });
  }

  /** Before each text. */
  begin(context: TextContext): void {
    this.context = context;
    this.#graphDepth = 0;
    this.#typeDepth = 0;
  }

  /** Runs `action` unless chevrotain is only recording the grammar; its errors get the place of the last token. */
  protected act<T>(action: () => T): T {
    return this.ACTION(() => located(this.LA(0), action));
  }

  /** Counts nesting while `parse` runs: the parser recurses, and its stack is finite. */
  protected nested<T>(kind: "graph" | "type", parse: () => T): T {
    this.act(() => {
      const { limits } = this.context;
      if (kind === "graph" && ++this.#graphDepth > limits.depth)
        fail("E0105", `subgraphs are nested more than ${limits.depth} deep`);
      if (kind === "type" && ++this.#typeDepth > limits.typeDepth)
        fail("E0105", `types are nested more than ${limits.typeDepth} deep`);
    });
    const result = parse();
    if (kind === "graph") this.#graphDepth--;
    else this.#typeDepth--;
    return result;
  }

  protected readonly atType = (): boolean => this.LA(1).tokenType === t.Id && t.isTypeWord(this.LA(1).image);

  readonly integer = this.RULE("integer", (): bigint => {
    const { image } = this.CONSUME(t.Int);
    return this.act(() => parseInt64(image));
  });

  readonly text = this.RULE("text", (): string => {
    const { image } = this.CONSUME(t.Text);
    return this.act(() => t.unquote(image));
  });

  readonly name = this.RULE("name", (): string =>
    this.OR([{ ALT: () => this.CONSUME(t.Id).image }, { ALT: () => this.SUBRULE(this.text) }]),
  );

  /** Names with gaps: `x, , y`. A gap at the end does not count, so that a trailing comma is harmless. */
  readonly names = this.RULE("names", (): string[] => {
    const names: (string | undefined)[] = [this.OPTION(() => this.SUBRULE(this.name))];
    this.MANY(() => {
      this.CONSUME(t.Comma);
      names.push(this.OPTION2(() => this.SUBRULE2(this.name)));
    });
    if (names.at(-1) === undefined) names.pop();
    return names.map((name) => name ?? "");
  });

  /** `["key": value, …]`: metadata, opsets, external data. */
  readonly entries = this.RULE("entries", (): [string, string | bigint][] => {
    const entries: [string, string | bigint][] = [];
    this.CONSUME(t.LBracket);
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () => {
        const key = this.SUBRULE(this.text);
        this.CONSUME(t.Colon);
        const value = this.OR<string | bigint>([
          { ALT: () => this.SUBRULE(this.integer) },
          { ALT: () => this.SUBRULE2(this.text) },
        ]);
        entries.push([key, value]);
      },
    });
    this.CONSUME(t.RBracket);
    return entries;
  });

  readonly valueInfos = this.RULE("valueInfos", (): OnnxValueInfo[] => {
    const values: OnnxValueInfo[] = [];
    this.CONSUME(t.LParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => values.push(this.SUBRULE(this.valueInfo)) });
    this.CONSUME(t.RParen);
    return values;
  });

  readonly valueInfo = this.RULE("valueInfo", (): OnnxValueInfo => {
    const type = this.OPTION({ GATE: this.atType, DEF: () => this.SUBRULE(this.type) });
    return { name: this.SUBRULE(this.name), type };
  });

  protected literal(type: OnnxType | undefined, name: string, content: Content): Literal {
    if (type === undefined) return fail("E0124", `the constant ${quote(name)} has no type`);
    return tensorLiteral(type, name, content, this.context);
  }

  /** What a constant holds; nothing at all is allowed where it has no elements. */
  readonly content = this.RULE("content", (): Content => {
    const content = this.OPTION(() =>
      this.OR<Content>([
        { ALT: () => this.SUBRULE(this.numberList) },
        { ALT: () => this.SUBRULE(this.literals) },
        {
          ALT: () => {
            const entries = this.SUBRULE(this.entries);
            return { kind: "external", entries: this.act(() => entries.map(([k, v]) => [k, String(v)] as const)) };
          },
        },
      ]),
    );
    return content ?? { kind: "values", values: [] };
  });

  readonly numberList = this.RULE("numberList", (): Content => {
    const { image } = this.CONSUME(t.NumberList);
    return this.act(() => ({
      kind: "values",
      values: image
        .slice(1, -1)
        .split(",")
        .map((s) => s.trim()),
    }));
  });

  /** `{ "a", 1.5, nan }`: strings, or numbers with comments between them. */
  readonly literals = this.RULE("literals", (): Content => {
    const values: (string | { text: string })[] = [];
    this.CONSUME(t.LCurly);
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () =>
        this.OR([
          { ALT: () => values.push({ text: this.SUBRULE(this.text) }) },
          { ALT: () => values.push(this.CONSUME(t.Int).image) },
          { ALT: () => values.push(this.CONSUME(t.Float).image) },
          { ALT: () => values.push(this.CONSUME(t.Id).image) },
        ]),
    });
    this.CONSUME(t.RCurly);
    return { kind: "values", values };
  });

  readonly type: ParserMethod<[], OnnxType> = this.RULE(
    "type",
    (): OnnxType =>
      this.nested("type", () => {
        const word = this.CONSUME(t.Id).image;
        const args: (OnnxType | undefined)[] = [];
        let shape: OnnxDim[] | undefined;
        this.OPTION(() =>
          this.OR([
            {
              ALT: () => {
                this.CONSUME(t.LParen);
                this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => args.push(this.SUBRULE(this.typeArgument)) });
                this.CONSUME(t.RParen);
              },
            },
            { ALT: () => (shape = this.SUBRULE(this.shape)) },
          ]),
        );
        return this.act(() => makeType(word, shape, args));
      }),
  );

  readonly typeArgument: ParserMethod<[], OnnxType | undefined> = this.RULE("typeArgument", () =>
    this.OR<OnnxType | undefined>([
      { ALT: () => this.SUBRULE(this.type) },
      {
        ALT: () => {
          this.CONSUME(t.Question);
          return undefined;
        },
      },
    ]),
  );

  /** Extents; an empty list means an unknown rank. */
  readonly shape = this.RULE("shape", (): OnnxDim[] => {
    const dims: OnnxDim[] = [];
    this.CONSUME(t.LBracket);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => dims.push(this.SUBRULE(this.dim)) });
    this.CONSUME(t.RBracket);
    return dims;
  });

  readonly dim = this.RULE(
    "dim",
    (): OnnxDim =>
      this.OR<OnnxDim>([
        { ALT: () => this.SUBRULE(this.name) },
        {
          ALT: () => {
            const extent = this.SUBRULE(this.integer);
            return this.act(() => extentOf(extent));
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Question);
            return undefined;
          },
        },
      ]),
  );
}

function extentOf(value: bigint): OnnxDim {
  if (value < 0n) return fail("E0110", `a dimension is ${value}`);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) return fail("E0110", `a dimension is ${value}`);
  return Number(value);
}
