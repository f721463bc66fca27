/** ONNX's text form to plain data: whole models, or the functions alone that ONNX's operator definitions consist of. */
import type { IToken, ParserMethod } from "chevrotain";
import { checkAttributes, checkFunctions, mergeOpsets } from "./check_names.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { fail, quote } from "./onnx_error.ts";
import { normalDomain, type OnnxFunction, type OnnxModel, type OnnxValueInfo } from "./onnx_model.ts";
import { failAt, placeAt, placeOf } from "./onnx_text_errors.ts";
import {
  type Header,
  type HeaderValue,
  OnnxTextGrammar,
  type TextFunction,
  type TextModel,
} from "./onnx_text_grammar.ts";
import { lexer } from "./onnx_text_tokens.ts";

export interface TextOptions {
  readonly limits?: Limits | undefined;
  /** Folder that external data has to lie in. */
  readonly externalRoot?: string | undefined;
}

/** Longer texts are refused: a token takes some hundred bytes. Weights of real models belong into external data. */
const maxCharacters = 1 << 27;

/** Made once: analysing the grammar takes some milliseconds. */
let shared: OnnxTextGrammar | undefined;

/** The model written in `text`. Throws OnnxError; errors of syntax name line and column. */
export function parseOnnxText(text: string, options: TextOptions = {}): OnnxModel {
  const { header, graph, functions }: TextModel = parse(text, options, (grammar) => grammar.model);
  const warnings = new Set<string>();
  const warn = (warning: string): void => void warnings.add(warning);
  const h = readHeader(header, modelKeys);
  return {
    irVersion: Number(h.integer("ir_version")),
    opsets: h.opsets("the model", warn),
    producer: h.text("producer_name"),
    producerVersion: h.text("producer_version"),
    domain: h.text("domain"),
    modelVersion: h.integer("model_version"),
    metadata: new Map(h.list("metadata_props").map(([key, value]) => [key, String(value)])),
    graph,
    functions: makeFunctions(functions, warn),
    warnings: [...warnings],
  };
}

/** The functions written in `text`, which has no graph. */
export function parseOnnxFunctions(text: string, options: TextOptions = {}): readonly OnnxFunction[] {
  return makeFunctions(
    parse(text, options, (grammar) => grammar.functions),
    () => {},
  );
}

function parse<T>(text: string, options: TextOptions, entry: (grammar: OnnxTextGrammar) => ParserMethod<[], T>): T {
  if (text.length > maxCharacters) fail("E0104", `the text has ${text.length} characters, more than ${maxCharacters}`);
  const { tokens, errors } = lexer.tokenize(text);
  const [bad] = errors;
  if (bad !== undefined) failAt("E0130", placeAt(bad.offset, text), unexpected(text, bad.offset));
  shared ??= new OnnxTextGrammar();
  shared.begin({ limits: options.limits ?? defaultLimits, externalRoot: options.externalRoot });
  shared.input = tokens;
  const result = entry(shared).call(shared);
  const [error] = shared.errors;
  shared.input = [];
  if (error !== undefined) failAt("E0131", placeOf(error.token as IToken, text), error.message);
  return result;
}

function unexpected(text: string, offset: number): string {
  if (text[offset] === '"') return "this string does not end";
  return `unexpected ${quote(String.fromCodePoint(text.codePointAt(offset) ?? 0))}`;
}

const modelKeys = [
  "ir_version",
  "opset_import",
  "producer_name",
  "producer_version",
  "domain",
  "model_version",
  "doc_string",
  "metadata_props",
];
const functionKeys = ["opset_import", "doc_string", "domain", "overload"];

/** Typed access to a header; of repeated keys the last wins. Throws E0131 for unknown keys and for values of a wrong kind. */
function readHeader(header: Header, known: readonly string[]) {
  const values = new Map(header);
  for (const key of values.keys()) if (!known.includes(key)) fail("E0131", `unknown header ${quote(key)}`);
  const wrong = (key: string, expected: string): never => fail("E0131", `header ${key}: expected ${expected}`);
  const isList = (value: HeaderValue): value is Exclude<HeaderValue, string | bigint> => typeof value === "object";
  const list = (key: string): readonly (readonly [string, string | bigint])[] => {
    const value = values.get(key) ?? [];
    return isList(value) ? value : wrong(key, "a list");
  };
  return {
    list,
    integer(key: string): bigint {
      const value = values.get(key) ?? 0n;
      return typeof value === "bigint" ? value : wrong(key, "an integer");
    },
    text(key: string): string {
      const value = values.get(key) ?? "";
      return typeof value === "string" ? value : wrong(key, "a string");
    },
    opsets(where: string, warn: (warning: string) => void): Map<string, number> {
      const version = (value: string | bigint): number =>
        typeof value === "bigint" ? Number(value) : wrong("opset_import", "integers");
      return mergeOpsets(
        list("opset_import").map(([domain, value]) => [normalDomain(domain), version(value)]),
        where,
        warn,
      );
    },
  };
}

function makeFunctions(functions: readonly TextFunction[], warn: (warning: string) => void): OnnxFunction[] {
  const made = functions.map((f) => makeFunction(f, warn));
  checkFunctions(made);
  return made;
}

const isTyped = (value: OnnxValueInfo): boolean => value.type !== undefined;

function makeFunction(f: TextFunction, warn: (warning: string) => void): OnnxFunction {
  const h = readHeader(f.header, functionKeys);
  const attributeDefaults = f.attributes.filter((a) => typeof a !== "string");
  checkAttributes(f.name, attributeDefaults);
  return {
    domain: normalDomain(h.text("domain")),
    name: f.name,
    overload: h.text("overload"),
    inputs: f.inputs.map((v) => v.name),
    outputs: f.outputs.map((v) => v.name),
    attributes: f.attributes.filter((a) => typeof a === "string"),
    attributeDefaults,
    nodes: f.nodes,
    opsets: h.opsets(`the function ${quote(f.name)}`, warn),
    valueInfo: [...f.inputs.filter(isTyped), ...f.outputs.filter(isTyped), ...f.valueInfo],
    metadata: new Map(),
  };
}
