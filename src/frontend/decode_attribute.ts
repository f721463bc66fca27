/** `AttributeProto` to a plain attribute. */
import type { onnx } from "onnx-proto";
import { decodeSparse } from "./decode_sparse.ts";
import type { DecodeContext } from "./decode_tensor.ts";
import { decodeTensor, runsOf } from "./decode_tensor.ts";
import { decodeType, type Warn } from "./decode_type.ts";
import { toBigInt } from "./integers.ts";
import { byteStrings, fixedBytes, varints } from "./list_runs.ts";
import { fail, quote } from "./onnx_error.ts";
import type { OnnxAttribute, OnnxAttributeKind, OnnxGraph, OnnxString } from "./onnx_model.ts";
import type { Run } from "./scan_state.ts";

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

const kindsByNumber = new Map(
  (Object.keys(attributeTypeNumbers) as OnnxAttributeKind[]).map((kind) => [attributeTypeNumbers[kind], kind]),
);

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
  const runs = runsOfText(proto.docString, context);
  const number = proto.type ?? 0;
  const kind = number === 0 ? impliedKind(proto, runs) : kindsByNumber.get(number);
  if (proto.refAttrName && (kind !== undefined || number === 0))
    return { name, kind: "ref", refName: proto.refAttrName, refKind: kind };
  if (kind === undefined) return fail("E0121", `attribute ${quote(name)} has the kind ${number}`, detail);
  // The declared kind counts even where other fields are set, too: ONNX's own text parser writes 2.0 as f and i.
  const present = presentKinds(proto, runs);
  if (present.length > 0 && !present.includes(kind))
    fail("E0121", `attribute ${quote(name)} is declared as ${kind} but holds ${present.join(", ")}`, detail);
  return decodeValue(proto, name, kind, runs, context, node);
}

function runsOfText(marker: string | null | undefined, { scan }: DecodeContext): readonly Run[] {
  return runsOf(marker ? Buffer.from(marker, "latin1") : undefined, scan);
}

/** The kinds of the fields that hold something. */
function presentKinds(proto: onnx.IAttributeProto, runs: readonly Run[]): OnnxAttributeKind[] {
  const has = (field: number): boolean => runs.some((run) => run.field === field && run.count > 0);
  const found: readonly (readonly [OnnxAttributeKind, boolean])[] = [
    // Scalars count when they are not zero: writers in other languages set all of them.
    ["float", (proto.f ?? 0) !== 0],
    ["int", toBigInt(proto.i) !== 0n],
    ["string", (proto.s?.length ?? 0) > 0],
    ["tensor", Boolean(proto.t)],
    ["graph", Boolean(proto.g)],
    ["sparse_tensor", Boolean(proto.sparseTensor)],
    ["type", Boolean(proto.tp)],
    ["floats", has(floatsField)],
    ["ints", has(intsField)],
    ["strings", has(stringsField)],
    ["tensors", (proto.tensors?.length ?? 0) > 0],
    ["graphs", (proto.graphs?.length ?? 0) > 0],
    ["sparse_tensors", (proto.sparseTensors?.length ?? 0) > 0],
    ["types", (proto.typeProtos?.length ?? 0) > 0],
  ];
  return found.filter(([, present]) => present).map(([kind]) => kind);
}

/** Models of IR version 1 have no declared kinds: the field that is set decides. */
function impliedKind(proto: onnx.IAttributeProto, runs: readonly Run[]): OnnxAttributeKind | undefined {
  const present = presentKinds(proto, runs);
  if (present.length === 1) return present[0];
  if (present.length > 1) return undefined;
  if (Object.hasOwn(proto, "f")) return "float";
  if (Object.hasOwn(proto, "i")) return "int";
  return Object.hasOwn(proto, "s") ? "string" : undefined;
}

function decodeValue(
  proto: onnx.IAttributeProto,
  name: string,
  kind: OnnxAttributeKind,
  runs: readonly Run[],
  context: AttributeContext,
  node: string,
): OnnxAttribute {
  const { source } = context.scan;
  const missing = (): never =>
    fail("E0121", `attribute ${quote(name)} is declared as ${kind} but holds none`, { node });
  const type = (t: onnx.ITypeProto) => decodeType(t, name, context.warn) ?? missing();
  switch (kind) {
    case "float":
      return { name, kind, value: proto.f ?? 0 };
    case "int":
      return { name, kind, value: toBigInt(proto.i) };
    case "string":
      return { name, kind, value: decodeText(proto.s ?? new Uint8Array()) };
    case "tensor":
      return { name, kind, value: decodeTensor(proto.t ?? missing(), context) };
    case "graph":
      return { name, kind, value: context.graph(proto.g ?? missing()) };
    case "sparse_tensor":
      return { name, kind, value: decodeSparse(proto.sparseTensor ?? missing(), context).literal };
    case "type":
      return { name, kind, value: type(proto.tp ?? missing()) };
    case "floats":
      return { name, kind, value: decodeFloats(fixedBytes(source, runs, 4)) };
    case "ints":
      return { name, kind, value: Array.from(varints(source, runs)) };
    case "strings":
      return { name, kind, value: byteStrings(source, runs).map(decodeText) };
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
    return bytes.slice();
  }
}
