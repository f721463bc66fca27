/** `AttributeProto` to a plain attribute. */
import type { onnx } from "onnx-proto";
import { decodeSparse } from "./decode_sparse.ts";
import type { DecodeContext } from "./decode_tensor.ts";
import { decodeTensor } from "./decode_tensor.ts";
import { decodeType, type Warn } from "./decode_type.ts";
import { toBigInt } from "./integers.ts";
import { byteStrings, countOf, fixedBytes, shortVarints } from "./list_runs.ts";
import { fail, quote } from "./onnx_error.ts";
import type { OnnxAttribute, OnnxAttributeKind, OnnxGraph, OnnxString, OnnxType } from "./onnx_model.ts";
import { type Run, tooMuch } from "./scan_state.ts";

/** `AttributeProto.AttributeType` by kind. */
export const attributeTypeNumbers: Readonly<Record<OnnxAttributeKind, number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse_tensor: 11,
  sparse_tensors: 12,
  type: 13,
  types: 14,
};

const kinds = Object.keys(attributeTypeNumbers) as OnnxAttributeKind[];
const kindsByNumber = new Map(kinds.map((kind) => [attributeTypeNumbers[kind], kind]));

/** What decoding an attribute needs besides the message. */
export interface AttributeContext extends DecodeContext {
  readonly warn: Warn;
  readonly graph: (proto: onnx.IGraphProto) => OnnxGraph;
}

/** Numbers of the list fields that the scanner takes out of the skeleton. */
const floatsField = 7;
const intsField = 8;
const stringsField = 9;

/** The attribute. Throws E0121 where kind and value do not fit; `node` is for messages. */
export function decodeAttribute(proto: onnx.IAttributeProto, context: AttributeContext, node: string): OnnxAttribute {
  const name = proto.name ?? "";
  const detail = { node };
  if (name === "") fail("E0121", "an attribute has no name", detail);
  const runs = proto.docString ? (context.scan.side[Number(proto.docString)]?.runs ?? []) : [];
  const number = proto.type ?? 0;
  const kind = number === 0 ? impliedKind(proto, runs) : kindsByNumber.get(number);
  if (proto.refAttrName && (kind !== undefined || number === 0))
    return { name, kind: "ref", refName: proto.refAttrName, refKind: kind };
  if (kind === undefined) return fail("E0121", `attribute ${quote(name)} has the kind ${number}`, detail);
  // The declared kind counts even where other fields are set, too: ONNX's own text parser writes 2.0 as f and i.
  const present = holds(proto, kind, runs) ? [] : presentKinds(proto, runs);
  if (present.length > 0)
    fail("E0121", `attribute ${quote(name)} is declared as ${kind} but holds ${present.join(", ")}`, detail);
  return decodeValue(proto, name, kind, runs, context, node);
}

/** True if the field for `kind` holds something; zero does not count: writers in other languages set all scalars. */
function holds(proto: onnx.IAttributeProto, kind: OnnxAttributeKind, runs: readonly Run[]): boolean {
  switch (kind) {
    case "float":
      return (proto.f ?? 0) !== 0;
    case "int":
      return toBigInt(proto.i) !== 0n;
    case "string":
      return (proto.s?.length ?? 0) > 0;
    case "floats":
      return runs.some((run) => run.field === floatsField && run.count > 0);
    case "ints":
      return runs.some((run) => run.field === intsField && run.count > 0);
    case "strings":
      return runs.some((run) => run.field === stringsField);
    default: {
      const value = proto[fields[kind]];
      return Array.isArray(value) ? value.length > 0 : Boolean(value);
    }
  }
}

/** The other kinds' fields. */
const fields = {
  tensor: "t",
  graph: "g",
  sparse_tensor: "sparseTensor",
  type: "tp",
  tensors: "tensors",
  graphs: "graphs",
  sparse_tensors: "sparseTensors",
  types: "typeProtos",
} as const;

const presentKinds = (proto: onnx.IAttributeProto, runs: readonly Run[]): OnnxAttributeKind[] =>
  kinds.filter((kind) => holds(proto, kind, runs));

/** Models of IR version 1 have no declared kinds: the field that is set decides. */
function impliedKind(proto: onnx.IAttributeProto, runs: readonly Run[]): OnnxAttributeKind | undefined {
  const present = presentKinds(proto, runs);
  if (present.length === 1) return present[0];
  if (present.length > 1) return undefined;
  if (Object.hasOwn(proto, "f")) return "float";
  if (Object.hasOwn(proto, "i")) return "int";
  return Object.hasOwn(proto, "s") ? "string" : undefined;
}

/** The value of the declared or implied kind. Kinds that most attributes have come first: models have many of them. */
function decodeValue(
  proto: onnx.IAttributeProto,
  name: string,
  kind: OnnxAttributeKind,
  runs: readonly Run[],
  context: AttributeContext,
  node: string,
): OnnxAttribute {
  const { source } = context.scan;
  switch (kind) {
    case "float":
      return { name, kind, value: proto.f ?? 0 };
    case "int":
      return { name, kind, value: toBigInt(proto.i) };
    case "string":
      return { name, kind, value: decodeText(proto.s ?? new Uint8Array()) };
    case "floats":
      return { name, kind, value: decodeFloats(fixedBytes(source, listOf(name, floatsField, runs, context), 4).bytes) };
    case "ints":
      return { name, kind, value: shortVarints(source, listOf(name, intsField, runs, context)) };
    case "strings":
      return { name, kind, value: byteStrings(source, listOf(name, stringsField, runs, context)).map(decodeText) };
    default:
      return decodeMessage(proto, name, kind, context, node);
  }
}

/** The runs of one list field, checked against the limit. */
function listOf(name: string, field: number, runs: readonly Run[], { limits }: AttributeContext): Run[] {
  const own = runs.filter((run) => run.field === field);
  const count = countOf(own);
  if (count > limits.listElements) tooMuch("listElements", limits, `attribute ${quote(name)} has ${count} elements`);
  return own;
}

/** The kinds without a message. */
type PlainKind = "float" | "int" | "string" | "floats" | "ints" | "strings";

/** A value that is a message, or a list of messages. */
function decodeMessage(
  proto: onnx.IAttributeProto,
  name: string,
  kind: Exclude<OnnxAttributeKind, PlainKind>,
  context: AttributeContext,
  node: string,
): OnnxAttribute {
  const missing = (): never =>
    fail("E0121", `attribute ${quote(name)} is declared as ${kind} but holds none`, { node });
  const type = (t: onnx.ITypeProto): OnnxType => decodeType(t, name, context.warn) ?? missing();
  switch (kind) {
    case "tensor":
      return { name, kind, value: decodeTensor(proto.t ?? missing(), context) };
    case "graph":
      return { name, kind, value: context.graph(proto.g ?? missing()) };
    case "sparse_tensor":
      return { name, kind, value: decodeSparse(proto.sparseTensor ?? missing(), context).literal };
    case "type":
      return { name, kind, value: type(proto.tp ?? missing()) };
    case "tensors":
      return { name, kind, value: (proto.tensors ?? []).map((t) => decodeTensor(t, context)) };
    case "graphs":
      return { name, kind, value: (proto.graphs ?? []).map(context.graph) };
    case "sparse_tensors":
      return { name, kind, value: (proto.sparseTensors ?? []).map((t) => decodeSparse(t, context).literal) };
    case "types":
      return { name, kind, value: (proto.typeProtos ?? []).map(type) };
  }
}

function decodeFloats(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text, or a copy of the bytes where they are not UTF-8. */
function decodeText(bytes: Uint8Array): OnnxString {
  try {
    return utf8.decode(bytes);
  } catch {
    return new Uint8Array(bytes);
  }
}
