/** `TypeProto` and `ValueInfoProto` to plain types. */
import type { onnx } from "onnx-proto";
import { type DType, dtypeFromOnnx } from "../ir/dtype.ts";
import { toBigInt } from "./integers.ts";
import { fail, quote } from "./onnx_error.ts";
import type { OnnxDim, OnnxType, OnnxValueInfo } from "./onnx_model.ts";

/** Where remarks about odd but harmless things go. */
export type Warn = (text: string) => void;

export function decodeValueInfo(proto: onnx.IValueInfoProto, warn: Warn): OnnxValueInfo {
  const name = proto.name ?? "";
  return { name, type: proto.type ? decodeType(proto.type, name, warn) : undefined };
}

/** The type, or undefined where the file leaves it (or its element type) open. `name` is the value's, for messages. */
export function decodeType(proto: onnx.ITypeProto, name: string, warn: Warn): OnnxType | undefined {
  const kinds = ["tensorType", "sequenceType", "mapType", "sparseTensorType", "optionalType"] as const;
  const present = kinds.filter((kind) => proto[kind] !== null && proto[kind] !== undefined);
  if (present.length > 1) fail("E0124", `the type of ${quote(name)} is both ${present.join(" and ")}`);
  if (proto.tensorType) return decodeTensorType("tensor", proto.tensorType, name, warn);
  if (proto.sparseTensorType) return decodeTensorType("sparse", proto.sparseTensorType, name, warn);
  if (proto.sequenceType) return { kind: "sequence", element: inner(proto.sequenceType.elemType, name, warn) };
  if (proto.optionalType) return { kind: "optional", element: inner(proto.optionalType.elemType, name, warn) };
  if (!proto.mapType) return undefined;
  const key = decodeDType(proto.mapType.keyType, name);
  if (key === undefined) return fail("E0124", `the map type of ${quote(name)} has no key type`);
  return { kind: "map", key, value: inner(proto.mapType.valueType, name, warn) };
}

const inner = (proto: onnx.ITypeProto | null | undefined, name: string, warn: Warn): OnnxType | undefined =>
  proto ? decodeType(proto, name, warn) : undefined;

function decodeTensorType(
  kind: "tensor" | "sparse",
  proto: onnx.TypeProto.ITensor,
  name: string,
  warn: Warn,
): OnnxType | undefined {
  const dtype = decodeDType(proto.elemType, name);
  if (dtype === undefined) return undefined;
  const shape = proto.shape ? (proto.shape.dim ?? []).map((dim) => decodeDim(dim, name, warn)) : undefined;
  return { kind, dtype, shape };
}

function decodeDType(number: number | null | undefined, name: string): DType | undefined {
  if (!number) return undefined;
  return dtypeFromOnnx(number) ?? fail("E0109", `the type of ${quote(name)} has element type ${number}`);
}

/** Negative extents (some exporters write -1) and empty symbols leave the extent open. */
function decodeDim(proto: onnx.TensorShapeProto.IDimension, name: string, warn: Warn): OnnxDim {
  const hasValue = Object.hasOwn(proto, "dimValue");
  const hasParam = Object.hasOwn(proto, "dimParam");
  if (hasValue && hasParam) fail("E0124", `a dimension of ${quote(name)} has both a value and a symbol`);
  if (hasParam) return proto.dimParam || undefined;
  if (!hasValue) return undefined;
  const value = toBigInt(proto.dimValue);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) fail("E0110", `a dimension of ${quote(name)} is ${value}`);
  if (value >= 0n) return Number(value);
  warn(`negative dimensions are read as unknown (first: ${value} in the type of ${quote(name)})`);
  return undefined;
}
