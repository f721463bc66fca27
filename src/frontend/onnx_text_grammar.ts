/**
 * The grammar of ONNX's text form as a chevrotain parser that builds the model as it goes.
 *
 * Source: onnx/docs/Syntax.md and the behaviour of ONNX 1.22's parser. Beyond it: names that are not identifiers may be
 * quoted wherever a name stands (domains, operators, attributes, graphs in attributes), lists of tensors, graphs and types
 * keep their elements, and `?` is an unknown type inside a sequence, optional or map.
 */
import type { ParserMethod } from "chevrotain";
import { checkAttributes, checkInitializers } from "./check_names.ts";
import {
  normalDomain,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxValueInfo,
} from "./onnx_model.ts";
import { declaredKind, listAttribute, singleAttribute, type TextValue } from "./onnx_text_attributes.ts";
import { TextBase } from "./onnx_text_base.ts";
import * as t from "./onnx_text_tokens.ts";
import { parseFloat32 } from "./onnx_text_values.ts";

/** A value of a header: `ir_version: 8`, `domain: "d"`, `opset_import: ["" : 17]`. */
export type HeaderValue = string | bigint | readonly (readonly [string, string | bigint])[];
export type Header = readonly (readonly [string, HeaderValue])[];

/** A function before its header is interpreted. */
export interface TextFunction {
  readonly header: Header;
  readonly name: string;
  readonly attributes: readonly (string | OnnxAttribute)[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
  readonly nodes: readonly OnnxNode[];
}

export interface TextModel {
  readonly header: Header;
  readonly graph: OnnxGraph;
  readonly functions: readonly TextFunction[];
}

const noMetadata: ReadonlyMap<string, string> = new Map();

export class OnnxTextGrammar extends TextBase {
  constructor() {
    super();
    this.performSelfAnalysis();
  }

  readonly model = this.RULE("model", (): TextModel => {
    const header = this.SUBRULE(this.header);
    const graph = this.SUBRULE(this.graph);
    const functions = this.SUBRULE(this.functions);
    return { header, graph, functions };
  });

  readonly functions = this.RULE("functions", (): TextFunction[] => {
    const functions: TextFunction[] = [];
    this.MANY(() => functions.push(this.SUBRULE(this.function)));
    return functions;
  });

  readonly header = this.RULE("header", (): Header => {
    const entries: [string, HeaderValue][] = [];
    this.OPTION(() => {
      this.CONSUME(t.Less);
      this.AT_LEAST_ONE_SEP({
        SEP: t.Comma,
        DEF: () => {
          const key = this.CONSUME(t.Id).image;
          this.CONSUME(t.Colon);
          entries.push([key, this.SUBRULE(this.headerValue)]);
        },
      });
      this.CONSUME(t.Greater);
    });
    return entries;
  });

  readonly headerValue = this.RULE(
    "headerValue",
    (): HeaderValue =>
      this.OR<HeaderValue>([
        { ALT: () => this.SUBRULE(this.integer) },
        { ALT: () => this.SUBRULE(this.text) },
        { ALT: () => this.SUBRULE(this.entries) },
      ]),
  );

  readonly graph: ParserMethod<[], OnnxGraph> = this.RULE(
    "graph",
    (): OnnxGraph =>
      this.nested("graph", () => {
        const name = this.SUBRULE(this.name);
        const initializers: OnnxInitializer[] = [];
        const inputs = this.OPTION(() => this.SUBRULE(this.inputs, { ARGS: [initializers] })) ?? [];
        this.CONSUME(t.Arrow);
        const outputs = this.SUBRULE(this.valueInfos);
        const valueInfo = this.OPTION2(() => this.SUBRULE(this.constants, { ARGS: [initializers] })) ?? [];
        const nodes = this.SUBRULE(this.nodes);
        this.act(() => checkInitializers(name, initializers));
        return { name, nodes, inputs, outputs, valueInfo, initializers };
      }),
  );

  /** Inputs, some with a default, which becomes an initialiser. */
  readonly inputs = this.RULE("inputs", (initializers: OnnxInitializer[]): OnnxValueInfo[] => {
    const inputs: OnnxValueInfo[] = [];
    this.CONSUME(t.LParen);
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () => inputs.push(this.SUBRULE(this.valueOrConstant, { ARGS: [initializers] }).value),
    });
    this.CONSUME(t.RParen);
    return inputs;
  });

  /** Initialisers, and types of inner values among them. */
  readonly constants = this.RULE("constants", (initializers: OnnxInitializer[]): OnnxValueInfo[] => {
    const values: OnnxValueInfo[] = [];
    this.CONSUME(t.Less);
    this.MANY_SEP({
      SEP: t.Comma,
      DEF: () => {
        const { value, isConstant } = this.SUBRULE(this.valueOrConstant, { ARGS: [initializers] });
        if (!isConstant) values.push(value);
      },
    });
    this.CONSUME(t.Greater);
    return values;
  });

  readonly valueOrConstant = this.RULE("valueOrConstant", (initializers: OnnxInitializer[]) => {
    const value = this.SUBRULE(this.valueInfo);
    let isConstant = false;
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      const content = this.SUBRULE(this.content);
      this.act(() => initializers.push({ name: value.name, literal: this.literal(value.type, value.name, content) }));
      isConstant = true;
    });
    return { value, isConstant };
  });

  readonly nodes: ParserMethod<[], OnnxNode[]> = this.RULE("nodes", (): OnnxNode[] => {
    const nodes: OnnxNode[] = [];
    this.CONSUME(t.LCurly);
    this.MANY(() => nodes.push(this.SUBRULE(this.node)));
    this.CONSUME(t.RCurly);
    return nodes;
  });

  readonly node = this.RULE("node", (): OnnxNode => {
    const name = this.OPTION(() => this.SUBRULE(this.nodeName)) ?? "";
    const outputs = this.SUBRULE(this.names);
    this.CONSUME(t.Equals);
    const path = [this.SUBRULE(this.name)];
    this.MANY(() => {
      this.CONSUME(t.Dot);
      path.push(this.SUBRULE2(this.name));
    });
    const overload =
      this.OPTION2(() => {
        this.CONSUME(t.Colon);
        return this.SUBRULE3(this.name);
      }) ?? "";
    const before = this.OPTION3(() => this.SUBRULE(this.attributes));
    this.CONSUME(t.LParen);
    const inputs = this.SUBRULE2(this.names);
    this.CONSUME(t.RParen);
    const after = this.OPTION4({ GATE: () => before === undefined, DEF: () => this.SUBRULE2(this.attributes) });
    const opType = path.pop() as string;
    const domain = normalDomain(path.join("."));
    const attributes = before ?? after ?? [];
    this.act(() => checkAttributes(name || opType, attributes));
    return { name, opType, domain, overload, inputs, outputs, attributes, metadata: noMetadata };
  });

  readonly nodeName = this.RULE("nodeName", (): string => {
    this.CONSUME(t.LBracket);
    const name = this.OPTION(() => this.SUBRULE(this.name));
    this.CONSUME(t.RBracket);
    return name ?? "";
  });

  readonly attributes = this.RULE("attributes", (): OnnxAttribute[] => {
    const attributes: OnnxAttribute[] = [];
    this.CONSUME(t.Less);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => attributes.push(this.SUBRULE(this.attribute)) });
    this.CONSUME(t.Greater);
    return attributes;
  });

  readonly attribute: ParserMethod<[], OnnxAttribute> = this.RULE("attribute", (): OnnxAttribute => {
    const name = this.SUBRULE(this.name);
    const kind = this.OPTION(() => {
      this.CONSUME(t.Colon);
      const word = this.CONSUME(t.Id).image;
      return this.act(() => declaredKind(word));
    });
    this.CONSUME(t.Equals);
    return this.OR<OnnxAttribute>([
      {
        ALT: () => {
          const values = this.SUBRULE(this.valueList);
          return this.act(() => listAttribute(name, kind, values));
        },
      },
      {
        ALT: () => {
          const value = this.SUBRULE(this.value);
          return this.act(() => singleAttribute(name, kind, value));
        },
      },
    ]);
  });

  readonly valueList = this.RULE("valueList", (): TextValue[] => {
    const values: TextValue[] = [];
    this.CONSUME(t.LBracket);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => values.push(this.SUBRULE(this.value)) });
    this.CONSUME(t.RBracket);
    return values;
  });

  /** A word begins a type (or typed constant), is a number (`nan`), or names a graph; a string may name a graph, too. */
  readonly value: ParserMethod<[], TextValue> = this.RULE(
    "value",
    (): TextValue =>
      this.OR<TextValue>({
        IGNORE_AMBIGUITIES: true,
        DEF: [
          { GATE: this.atType, ALT: () => this.SUBRULE(this.typedValue) },
          {
            GATE: () => t.isFloatWord(this.LA(1).image) && this.LA(1).tokenType === t.Id,
            ALT: () => this.float(this.CONSUME(t.Id).image),
          },
          {
            GATE: () =>
              this.LA(1).tokenType === t.Id || this.LA(2).tokenType === t.LParen || this.LA(2).tokenType === t.Arrow,
            ALT: () => ({ kind: "graph", value: this.SUBRULE(this.graph) }),
          },
          { ALT: () => ({ kind: "string", value: this.SUBRULE(this.text) }) },
          { ALT: () => ({ kind: "int", value: this.SUBRULE(this.integer) }) },
          { ALT: () => this.float(this.CONSUME(t.Float).image) },
          {
            ALT: () => {
              this.CONSUME(t.At);
              return { kind: "ref", value: this.SUBRULE(this.name) };
            },
          },
        ],
      }),
  );

  float(image: string): TextValue {
    return this.act(() => ({ kind: "float", value: parseFloat32(image) }));
  }

  /** `float[2] {1, 2}`, `float[2] name = {1, 2}` or the type `float[2]` itself. */
  readonly typedValue = this.RULE("typedValue", (): TextValue => {
    const type = this.SUBRULE(this.type);
    const begin = [t.NumberList, t.LCurly, t.LBracket, t.Equals, t.Id, t.Text];
    const literal = this.OPTION({
      GATE: () => begin.includes(this.LA(1).tokenType),
      DEF: () => {
        const name = this.OPTION2(() => this.SUBRULE(this.name)) ?? "";
        this.OPTION3(() => this.CONSUME(t.Equals));
        const content = this.SUBRULE(this.content);
        return this.act(() => this.literal(type, name, content));
      },
    });
    return literal === undefined ? { kind: "type", value: type } : { kind: "tensor", value: literal };
  });

  readonly function = this.RULE("function", (): TextFunction => {
    const header = this.SUBRULE(this.header);
    const name = this.SUBRULE(this.name);
    const attributes = this.OPTION(() => this.SUBRULE(this.parameters)) ?? [];
    const inputs = this.SUBRULE(this.valueInfos);
    this.CONSUME(t.Arrow);
    const outputs = this.SUBRULE2(this.valueInfos);
    const valueInfo: OnnxValueInfo[] = [];
    this.OPTION2(() => {
      this.CONSUME(t.Less);
      this.MANY_SEP({ SEP: t.Comma, DEF: () => valueInfo.push(this.SUBRULE(this.valueInfo)) });
      this.CONSUME(t.Greater);
    });
    const nodes = this.SUBRULE(this.nodes);
    return { header, name, attributes, inputs, outputs, valueInfo, nodes };
  });

  /** `<axis, alpha: float = 1.0>`: attributes without and with a default. */
  readonly parameters = this.RULE("parameters", (): (string | OnnxAttribute)[] => {
    const parameters: (string | OnnxAttribute)[] = [];
    this.CONSUME(t.Less);
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () =>
        this.OR({
          IGNORE_AMBIGUITIES: true,
          DEF: [
            {
              GATE: () => this.LA(2).tokenType === t.Colon || this.LA(2).tokenType === t.Equals,
              ALT: () => parameters.push(this.SUBRULE(this.attribute)),
            },
            { ALT: () => parameters.push(this.SUBRULE(this.name)) },
          ],
        }),
    });
    this.CONSUME(t.Greater);
    return parameters;
  });
}
