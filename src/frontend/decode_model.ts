/** A serialised model to plain data: wire scan, onnx-proto on the skeleton, then this walk over its messages. */
import onnxProto, { type onnx as schema } from "onnx-proto";
import type { ByteSource } from "./byte_source.ts";
import { checkAttributes, checkFunctions, checkInitializers, mergeOpsets } from "./check_names.ts";
import { type AttributeContext, decodeAttribute } from "./decode_attribute.ts";
import { decodeSparse } from "./decode_sparse.ts";
import { decodeTensor } from "./decode_tensor.ts";
import { decodeValueInfo } from "./decode_type.ts";
import { toBigInt, toSafeNumber } from "./integers.ts";
import type { Limits } from "./limits.ts";
import { fail, quote } from "./onnx_error.ts";
import {
  normalDomain,
  type OnnxAttribute,
  type OnnxFunction,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxModel,
  type OnnxNode,
} from "./onnx_model.ts";
import type { SideRecord } from "./scan_state.ts";
import { scanWire } from "./wire_scan.ts";

const { onnx } = onnxProto;

/** The newest IR version whose fields `wire_schema.ts` knows. */
const newestIr = 14;

/** Decodes the model that fills `source`; external data may be read from below `externalRoot`. Throws OnnxError only. */
export function decodeModelFrom(source: ByteSource, limits: Limits, externalRoot: string | undefined): OnnxModel {
  const scan = scanWire(source, "Model", limits);
  const warnings = new Set(scan.warnings);
  const warn = (text: string): void => void warnings.add(text);
  const context: AttributeContext = { scan, limits, externalRoot, warn, graph: (g) => decodeGraph(g, context) };
  const proto = decodeSkeleton(() => onnx.ModelProto.decode(scan.skeleton));
  if (!proto.graph) fail("E0122", "the file has no graph", { help: notAModel });
  const irVersion = toSafeNumber(proto.irVersion, "the IR version");
  if (irVersion > newestIr) warn(`IR version ${irVersion} is newer than the newest known (${newestIr})`);
  return {
    irVersion,
    opsets: decodeOpsets(proto.opsetImport, "the model", warn),
    producer: proto.producerName ?? "",
    producerVersion: proto.producerVersion ?? "",
    domain: proto.domain ?? "",
    modelVersion: toBigInt(proto.modelVersion),
    metadata: new Map((proto.metadataProps ?? []).map((e) => [e.key ?? "", e.value ?? ""])),
    graph: decodeGraph(proto.graph, context),
    functions: decodeFunctions(proto.functions ?? [], context),
    warnings: [...warnings],
  };
}

const notAModel =
  "The file may be another kind of protobuf message, such as a stored tensor or a TensorFlow graph, or be cut off.";

/** The scanner has checked all that onnx-proto relies on; whatever it still rejects is a broken file, not a crash. */
export function decodeSkeleton<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    return fail("E0103", `the structure cannot be decoded: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function decodeOpsets(
  imports: readonly schema.IOperatorSetIdProto[] | null | undefined,
  where: string,
  warn: (text: string) => void,
): Map<string, number> {
  const pairs = (imports ?? []).map(({ domain, version }) => {
    const key = normalDomain(domain ?? "");
    return [key, toSafeNumber(version, `the opset of ${quote(key)}`)] as const;
  });
  return mergeOpsets(pairs, where, warn);
}

function decodeGraph(proto: schema.IGraphProto, context: AttributeContext): OnnxGraph {
  const value = (v: schema.IValueInfoProto) => decodeValueInfo(v, context.warn);
  return {
    name: proto.name ?? "",
    nodes: (proto.node ?? []).map((node) => decodeNode(node, context)),
    inputs: (proto.input ?? []).map(value),
    outputs: (proto.output ?? []).map(value),
    valueInfo: (proto.valueInfo ?? []).map(value),
    initializers: decodeInitializers(proto, context),
  };
}

function decodeInitializers(proto: schema.IGraphProto, context: AttributeContext): OnnxInitializer[] {
  const dense = (proto.initializer ?? []).map((t) => ({ name: t.name ?? "", literal: decodeTensor(t, context) }));
  const sparse = (proto.sparseInitializer ?? []).map((t) => decodeSparse(t, context));
  const initializers = [...dense, ...sparse];
  checkInitializers(proto.name ?? "", initializers);
  return initializers;
}

const noMetadata: ReadonlyMap<string, string> = new Map();

function decodeNode(proto: schema.INodeProto, context: AttributeContext): OnnxNode {
  const name = proto.name ?? "";
  const opType = proto.opType ?? "";
  const label = name || opType;
  if (opType === "") fail("E0122", `the node ${quote(label)} has no operator type`, { node: label });
  const side = sideOf(proto.docString, context);
  return {
    name,
    opType,
    domain: normalDomain(proto.domain ?? ""),
    overload: side?.overload ?? "",
    inputs: proto.input ?? [],
    outputs: proto.output ?? [],
    attributes: decodeAttributes(proto.attribute ?? [], context, label),
    metadata: side?.metadata ?? noMetadata,
  };
}

const sideOf = (marker: string | null | undefined, { scan }: AttributeContext): SideRecord | undefined =>
  marker ? scan.side[Number(marker)] : undefined;

function decodeAttributes(
  protos: readonly schema.IAttributeProto[],
  context: AttributeContext,
  node: string,
): OnnxAttribute[] {
  const attributes = protos.map((a) => decodeAttribute(a, context, node));
  checkAttributes(node, attributes);
  return attributes;
}

function decodeFunctions(protos: readonly schema.IFunctionProto[], context: AttributeContext): OnnxFunction[] {
  const functions = protos.map((f) => decodeFunction(f, context));
  checkFunctions(functions);
  return functions;
}

function decodeFunction(proto: schema.IFunctionProto, context: AttributeContext): OnnxFunction {
  const name = proto.name ?? "";
  if (name === "") fail("E0122", "a function has no name");
  const side = sideOf(proto.docString, context);
  const defaults = (side?.attributes ?? []).map((bytes) => decodeSkeleton(() => onnx.AttributeProto.decode(bytes)));
  const values = (side?.values ?? []).map((bytes) => decodeSkeleton(() => onnx.ValueInfoProto.decode(bytes)));
  return {
    domain: normalDomain(proto.domain ?? ""),
    name,
    overload: side?.overload ?? "",
    inputs: proto.input ?? [],
    outputs: proto.output ?? [],
    attributes: proto.attribute ?? [],
    attributeDefaults: decodeAttributes(defaults, context, name),
    nodes: (proto.node ?? []).map((node) => decodeNode(node, context)),
    opsets: decodeOpsets(proto.opsetImport, `the function ${quote(name)}`, context.warn),
    valueInfo: values.map((v) => decodeValueInfo(v, context.warn)),
    metadata: side?.metadata ?? noMetadata,
  };
}
