/**
 * A model in ONNX's text form, which `onnx_text.ts` reads back to the same model.
 *
 * Not in the text: metadata of nodes and functions. Sparse constants are written densely. Numbers are the shortest that read
 * back to the same value.
 */
import { dtypeToOnnxText } from "../ir/dtype.ts";
import type { Literal } from "../ir/literal.ts";
import { fail, quote as shown } from "./onnx_error.ts";
import type {
  OnnxAttribute,
  OnnxDim,
  OnnxFunction,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxString,
  OnnxType,
  OnnxValueInfo,
} from "./onnx_model.ts";
import { kindWord } from "./onnx_text_attributes.ts";
import { isFloatWord, isIdentifier, isTypeWord } from "./onnx_text_tokens.ts";
import { attributeFloatText, constantText, quoted } from "./print_onnx_values.ts";

export interface PrintOptions {
  /**
   * For people rather than for the parser: constants of more elements are cut short with `…`, and strings that are not text
   * are shown as well as possible. Without it such strings are an error (E0141).
   */
  readonly maxElements?: number | undefined;
}

export function printOnnxText(model: OnnxModel, options: PrintOptions = {}): string {
  const header = [
    `ir_version: ${model.irVersion}`,
    `opset_import: ${opsetsText(model.opsets)}`,
    ...optional("producer_name", model.producer),
    ...optional("producer_version", model.producerVersion),
    ...optional("domain", model.domain),
    ...(model.modelVersion === 0n ? [] : [`model_version: ${model.modelVersion}`]),
    ...(model.metadata.size === 0 ? [] : [`metadata_props: ${metadataText(model.metadata)}`]),
  ];
  const functions = model.functions.map((f) => `${printFunction(f, options)}\n`);
  return [`<\n   ${header.join(",\n   ")}\n>\n${printGraph(model.graph, options)}\n`, ...functions].join("");
}

const optional = (key: string, text: string): string[] => (text === "" ? [] : [`${key}: ${quoted(text)}`]);

const opsetsText = (opsets: ReadonlyMap<string, number>): string =>
  `[${[...opsets].map(([domain, version]) => `${quoted(domain)} : ${version}`).join(", ")}]`;

const metadataText = (entries: ReadonlyMap<string, string>): string =>
  `[${[...entries].map(([key, value]) => `${quoted(key)}: ${quoted(value)}`).join(", ")}]`;

/** A name, quoted where it is not an identifier or could be read as something else. */
const name = (text: string): string =>
  isIdentifier(text) && !isTypeWord(text) && !isFloatWord(text) ? text : quoted(text);

/** `graph (inputs) => (outputs) <constants> { nodes }`; `margin` is the indentation of the line it begins on. */
export function printGraph(graph: OnnxGraph, options: PrintOptions = {}, margin = ""): string {
  const inner = `${margin}   `;
  const constants = [
    ...graph.initializers.map((i) => `${constantHead(i.name, i.literal)} = ${contentText(i.literal, options)}`),
    ...graph.valueInfo.map(valueText),
  ];
  const middle = constants.length === 0 ? " " : `\n${inner}<${constants.join(`,\n${inner} `)}>\n${margin}`;
  const inputs = graph.inputs.map(valueText).join(", ");
  const outputs = graph.outputs.map(valueText).join(", ");
  return `${name(graph.name)} (${inputs}) => (${outputs})${middle}${nodesText(graph.nodes, options, margin)}`;
}

function nodesText(nodes: readonly OnnxNode[], options: PrintOptions, margin: string): string {
  const inner = `${margin}   `;
  return `{\n${nodes.map((node) => `${inner}${printNode(node, options, inner)}\n`).join("")}${margin}}`;
}

/** `[name] y = domain.Op:overload <attributes> (x)`; attributes with graphs come last. */
export function printNode(node: OnnxNode, options: PrintOptions = {}, margin = ""): string {
  const label = node.name === "" ? "" : `[${name(node.name)}] `;
  const outputs = node.outputs.map(name).join(", ");
  const path = [...(node.domain === "" ? [] : node.domain.split(".")), node.opType];
  const overload = node.overload === "" ? "" : `:${name(node.overload)}`;
  const attributes = node.attributes.map((a) => attributeText(a, options, margin)).join(", ");
  const given = attributes === "" ? "" : ` <${attributes}>`;
  const inputs = ` (${node.inputs.map(name).join(", ")})`;
  const hasGraph = node.attributes.some((a) => a.kind === "graph" || a.kind === "graphs");
  return `${label}${outputs} = ${path.map(name).join(".")}${overload}${hasGraph ? inputs + given : given + inputs}`;
}

function attributeText(a: OnnxAttribute, options: PrintOptions, margin: string): string {
  const kind = a.kind === "ref" ? a.refKind : a.kind;
  const declared = kind === undefined ? "" : `: ${kindWord(kind)}`;
  return `${name(a.name)}${declared} = ${attributeValueText(a, options, margin)}`;
}

function attributeValueText(a: OnnxAttribute, options: PrintOptions, margin: string): string {
  const list = <T>(items: readonly T[], text: (item: T) => string): string => `[${items.map(text).join(", ")}]`;
  const tensor = (literal: Literal): string => `${constantHead("", literal)} ${contentText(literal, options)}`;
  const graph = (g: OnnxGraph): string => printGraph(g, options, margin);
  const string = (s: OnnxString): string => stringText(s, a.name, options);
  switch (a.kind) {
    case "ref":
      return `@${name(a.refName)}`;
    case "float":
      return attributeFloatText(a.value);
    case "int":
      return String(a.value);
    case "string":
      return string(a.value);
    case "tensor":
    case "sparse_tensor":
      return tensor(a.value);
    case "graph":
      return graph(a.value);
    case "type":
      return typeText(a.value);
    case "floats":
      return list(a.value, attributeFloatText);
    case "ints":
      return list(a.value, String);
    case "strings":
      return list(a.value, string);
    case "tensors":
    case "sparse_tensors":
      return list(a.value, tensor);
    case "graphs":
      return list(a.value, graph);
    case "types":
      return list(a.value, typeText);
  }
}

function stringText(value: OnnxString, attribute: string, { maxElements }: PrintOptions): string {
  if (typeof value === "string") return quoted(value);
  if (maxElements !== undefined) return quoted(`${value.length} bytes`);
  return fail("E0141", `attribute ${shown(attribute)} has bytes that are not text`);
}

function contentText(literal: Literal, { maxElements }: PrintOptions): string {
  return constantText(literal, maxElements);
}

/** `float[2] name`: a constant's type is spelled like a tensor type, and always has its extents. */
function constantHead(tensorName: string, { dtype, shape }: Literal): string {
  const type = shape.length === 0 ? dtypeToOnnxText(dtype) : `${dtypeToOnnxText(dtype)}[${shape.join(",")}]`;
  return tensorName === "" ? type : `${type} ${name(tensorName)}`;
}

const valueText = (value: OnnxValueInfo): string =>
  value.type === undefined ? name(value.name) : `${typeText(value.type)} ${name(value.name)}`;

export function typeText(type: OnnxType): string {
  const inner = (t: OnnxType | undefined): string => (t === undefined ? "?" : typeText(t));
  switch (type.kind) {
    case "tensor":
      return `${dtypeToOnnxText(type.dtype)}${shapeText(type.shape)}`;
    case "sparse":
      return `sparse_tensor(${dtypeToOnnxText(type.dtype)}${shapeText(type.shape)})`;
    case "sequence":
      return `seq(${inner(type.element)})`;
    case "optional":
      return `optional(${inner(type.element)})`;
    case "map":
      return `map(${dtypeToOnnxText(type.key)}, ${inner(type.value)})`;
  }
}

function shapeText(shape: readonly OnnxDim[] | undefined): string {
  if (shape === undefined) return "[]";
  return shape.length === 0 ? "" : `[${shape.map(dimText).join(",")}]`;
}

function dimText(dim: OnnxDim): string {
  if (dim === undefined) return "?";
  if (typeof dim === "number") return String(dim);
  return isIdentifier(dim) ? dim : quoted(dim);
}

function printFunction(f: OnnxFunction, options: PrintOptions): string {
  const header = [
    `domain: ${quoted(f.domain)}`,
    ...optional("overload", f.overload),
    `opset_import: ${opsetsText(f.opsets)}`,
  ];
  const parameters = [...f.attributes.map(name), ...f.attributeDefaults.map((a) => attributeText(a, options, ""))];
  const attributes = parameters.length === 0 ? "" : ` <${parameters.join(", ")}>`;
  const signature = `(${f.inputs.map(name).join(", ")}) => (${f.outputs.map(name).join(", ")})`;
  const values = f.valueInfo.length === 0 ? "" : `\n   <${f.valueInfo.map(valueText).join(",\n    ")}>`;
  return `<\n   ${header.join(",\n   ")}\n>\n${name(f.name)}${attributes} ${signature}${values}\n${nodesText(f.nodes, options, "")}`;
}
