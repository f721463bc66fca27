/** A model as ONNX's protobuf: for fixtures, tests and tools. What the plain form does not carry (comments) is not written. */
import { dtypeToOnnx } from "../ir/dtype.ts";
import { attributeTypeNumbers } from "./decode_attribute.ts";
import { encodeSparseProto, encodeTensorProto } from "./encode_tensor.ts";
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
import {
  absent,
  bytesField,
  floatField,
  floatsField,
  intField,
  intsField,
  message,
  optionalText,
  textField,
} from "./wire_write.ts";

/** `ModelProto`; weights are loaded and written inside it. */
export function encodeModel(model: OnnxModel): Uint8Array {
  return message(
    intField(1, model.irVersion),
    optionalText(2, model.producer),
    optionalText(3, model.producerVersion),
    optionalText(4, model.domain),
    model.modelVersion === 0n ? absent : intField(5, model.modelVersion),
    bytesField(7, encodeGraph(model.graph)),
    ...encodeOpsets(8, model.opsets),
    ...encodeEntries(14, model.metadata),
    ...model.functions.map((f) => bytesField(25, encodeFunction(f))),
  );
}

function encodeOpsets(field: number, opsets: ReadonlyMap<string, number>): Uint8Array[] {
  const entry = ([domain, version]: [string, number]): Uint8Array =>
    message(textField(1, domain), intField(2, version));
  return [...opsets].map((pair) => bytesField(field, entry(pair)));
}

function encodeEntries(field: number, entries: ReadonlyMap<string, string>): Uint8Array[] {
  return [...entries].map(([key, value]) => bytesField(field, message(textField(1, key), textField(2, value))));
}

function encodeGraph(graph: OnnxGraph): Uint8Array {
  const values = (field: number, list: readonly OnnxValueInfo[]): Uint8Array[] =>
    list.map((v) => bytesField(field, encodeValueInfo(v)));
  return message(
    ...graph.nodes.map((node) => bytesField(1, encodeNode(node))),
    optionalText(2, graph.name),
    ...graph.initializers.map(({ name, literal }) => bytesField(5, encodeTensorProto(literal.load(), name))),
    ...values(11, graph.inputs),
    ...values(12, graph.outputs),
    ...values(13, graph.valueInfo),
  );
}

function encodeNode(node: OnnxNode): Uint8Array {
  return message(
    ...node.inputs.map((name) => textField(1, name)),
    ...node.outputs.map((name) => textField(2, name)),
    optionalText(3, node.name),
    textField(4, node.opType),
    ...node.attributes.map((a) => bytesField(5, encodeAttribute(a))),
    optionalText(7, node.domain),
    optionalText(8, node.overload),
    ...encodeEntries(9, node.metadata),
  );
}

export function encodeAttribute(a: OnnxAttribute): Uint8Array {
  if (a.kind === "ref")
    return message(
      textField(1, a.name),
      a.refKind === undefined ? absent : intField(20, attributeTypeNumbers[a.refKind]),
      textField(21, a.refName),
    );
  return message(textField(1, a.name), encodeValue(a), intField(20, attributeTypeNumbers[a.kind]));
}

function encodeValue(a: Exclude<OnnxAttribute, { kind: "ref" }>): Uint8Array {
  switch (a.kind) {
    case "float":
      return floatField(2, a.value);
    case "int":
      return intField(3, a.value);
    case "string":
      return encodeString(4, a.value);
    case "tensor":
      return bytesField(5, encodeTensorProto(a.value.load(), ""));
    case "graph":
      return bytesField(6, encodeGraph(a.value));
    case "floats":
      return floatsField(7, a.value);
    case "ints":
      return intsField(8, a.value);
    case "strings":
      return message(...a.value.map((s) => encodeString(9, s)));
    case "tensors":
      return message(...a.value.map((t) => bytesField(10, encodeTensorProto(t.load(), ""))));
    case "graphs":
      return message(...a.value.map((g) => bytesField(11, encodeGraph(g))));
    case "type":
      return bytesField(14, encodeType(a.value));
    case "types":
      return message(...a.value.map((t) => bytesField(15, encodeType(t))));
    case "sparse_tensor":
      return bytesField(22, encodeSparseProto(a.value.load(), ""));
    case "sparse_tensors":
      return message(...a.value.map((t) => bytesField(23, encodeSparseProto(t.load(), ""))));
  }
}

const encodeString = (field: number, value: OnnxString): Uint8Array =>
  typeof value === "string" ? textField(field, value) : bytesField(field, value);

function encodeValueInfo(value: OnnxValueInfo): Uint8Array {
  return message(textField(1, value.name), value.type === undefined ? absent : bytesField(2, encodeType(value.type)));
}

export function encodeType(type: OnnxType): Uint8Array {
  const element = (t: OnnxType | undefined, field: number): Uint8Array =>
    t === undefined ? absent : bytesField(field, encodeType(t));
  switch (type.kind) {
    case "tensor":
    case "sparse": {
      const shape = type.shape === undefined ? absent : bytesField(2, message(...type.shape.map(encodeDim)));
      return bytesField(type.kind === "tensor" ? 1 : 8, message(intField(1, dtypeToOnnx(type.dtype)), shape));
    }
    case "sequence":
      return bytesField(4, element(type.element, 1));
    case "optional":
      return bytesField(9, element(type.element, 1));
    case "map":
      return bytesField(5, message(intField(1, dtypeToOnnx(type.key)), element(type.value, 2)));
  }
}

function encodeDim(dim: OnnxDim): Uint8Array {
  if (dim === undefined) return bytesField(1, absent);
  return bytesField(1, typeof dim === "number" ? intField(1, dim) : textField(2, dim));
}

function encodeFunction(f: OnnxFunction): Uint8Array {
  return message(
    textField(1, f.name),
    ...f.inputs.map((name) => textField(4, name)),
    ...f.outputs.map((name) => textField(5, name)),
    ...f.attributes.map((name) => textField(6, name)),
    ...f.nodes.map((node) => bytesField(7, encodeNode(node))),
    ...encodeOpsets(9, f.opsets),
    optionalText(10, f.domain),
    ...f.attributeDefaults.map((a) => bytesField(11, encodeAttribute(a))),
    ...f.valueInfo.map((v) => bytesField(12, encodeValueInfo(v))),
    optionalText(13, f.overload),
    ...encodeEntries(14, f.metadata),
  );
}
