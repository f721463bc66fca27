/**
 * Stored values: the `.pb` files of ONNX's test data. Nothing in such a file says which message it holds; the type of the
 * graph's input or output does.
 *
 * Source: onnx/onnx-data.proto (SequenceProto, MapProto, OptionalProto), which onnx-proto does not contain.
 */
import onnxProto from "onnx-proto";
import { dtypeToOnnx } from "../ir/dtype.ts";
import {
  int64s,
  isTensor,
  type RuntimeMap,
  type RuntimeSequence,
  type RuntimeValue,
  type Tensor,
} from "../ir/tensor.ts";
import { bytesSource } from "./byte_source.ts";
import { decodeSkeleton } from "./decode_model.ts";
import { decodeSparse } from "./decode_sparse.ts";
import { decodeTensor } from "./decode_tensor.ts";
import { encodeTensorProto } from "./encode_tensor.ts";
import { defaultLimits } from "./limits.ts";
import { varints } from "./list_runs.ts";
import { fail } from "./onnx_error.ts";
import type { OnnxType } from "./onnx_model.ts";
import { WireReader } from "./wire.ts";
import { scanWire } from "./wire_scan.ts";
import { absent, bytesField, intField, intsField, message, optionalText, textField } from "./wire_write.ts";

const { onnx } = onnxProto;

/** Sequences in sequences, and so on. */
const maxDepth = 16;

/** The value in `bytes`, which is of type `kind`. Throws OnnxError (E0103 to E0114, E0140). */
export function decodeValueProto(kind: OnnxType["kind"], bytes: Uint8Array): RuntimeValue {
  switch (kind) {
    case "tensor":
      return decodeTensorProto(bytes);
    case "sparse":
      return decodeSparseProto(bytes);
    case "sequence":
      return decodeSequenceProto(bytes);
    case "optional":
      return decodeOptionalProto(bytes);
    case "map":
      return decodeMapProto(bytes);
  }
}

export function decodeTensorProto(bytes: Uint8Array): Tensor {
  const scan = scanWire(bytesSource(bytes, "tensor data"), "Tensor", defaultLimits);
  const proto = decodeSkeleton(() => onnx.TensorProto.decode(scan.skeleton));
  return decodeTensor(proto, { scan, limits: defaultLimits, externalRoot: undefined }).load();
}

/** The dense tensor for a `SparseTensorProto`. */
function decodeSparseProto(bytes: Uint8Array): Tensor {
  const scan = scanWire(bytesSource(bytes, "sparse tensor data"), "SparseTensor", defaultLimits);
  const proto = decodeSkeleton(() => onnx.SparseTensorProto.decode(scan.skeleton));
  return decodeSparse(proto, { scan, limits: defaultLimits, externalRoot: undefined }).literal.load();
}

/** The kinds in the numbering of `SequenceProto.elem_type` and `OptionalProto.elem_type`. */
const kinds: readonly (OnnxType["kind"] | undefined)[] = [undefined, "tensor", "sparse", "sequence", "map", "optional"];
/** Both messages hold a value of the kind k in the field whose number is here at k. */
const valueFields = [undefined, 3, 4, 5, 6, 7] as const;

/** A field of a message in memory: the content, or the varint itself. */
interface Field {
  readonly field: number;
  readonly bytes: Uint8Array;
}

function fieldsOf(bytes: Uint8Array, what: string): Field[] {
  const r = new WireReader(bytesSource(bytes, what));
  const fields: Field[] = [];
  while (r.pos < bytes.length) {
    const tag = r.varint();
    const end = tag % 8 === 2 ? r.enter(bytes.length) : 0;
    const start = r.pos;
    if (tag % 8 === 0) r.skip(0, bytes.length);
    else if (tag % 8 === 2) r.pos = end;
    else r.broken(`field ${Math.floor(tag / 8)} has wire type ${tag % 8}`);
    fields.push({ field: Math.floor(tag / 8), bytes: bytes.subarray(start, r.pos) });
  }
  return fields;
}

/** The varints that fill `bytes`. */
function integers(bytes: Uint8Array): bigint[] {
  const source = bytesSource(bytes, "integers");
  const count = new WireReader(source).countVarints(bytes.length);
  return Array.from(
    varints(source, [{ field: 0, wire: 0, packed: true, offset: 0, length: bytes.length, count, bytes }]),
  );
}

export function decodeSequenceProto(bytes: Uint8Array, depth = 1): RuntimeSequence {
  return { kind: "sequence", elements: decodeElements(bytes, "sequence", depth) };
}

/** `null` where the file holds no value. */
export function decodeOptionalProto(bytes: Uint8Array, depth = 1): RuntimeValue {
  const elements = decodeElements(bytes, "optional", depth);
  if (elements.length > 1) fail("E0140", `an optional holds ${elements.length} values`);
  return elements[0] ?? null;
}

/** The values in a sequence or optional, all of the kind that the message declares. */
function decodeElements(bytes: Uint8Array, what: "sequence" | "optional", depth: number): RuntimeValue[] {
  if (depth > maxDepth) fail("E0105", `values are nested more than ${maxDepth} deep`);
  const fields = fieldsOf(bytes, `${what} data`);
  const declared = Number(integers(fields.findLast((f) => f.field === 2)?.bytes ?? absent)[0] ?? 0n);
  const values = fields.filter((f) => f.field >= 3);
  const wrong = values.find((f) => f.field > 7 || f.field !== valueFields[declared]);
  if (wrong !== undefined || declared >= kinds.length)
    fail("E0140", `a ${what} declares the kind ${declared} and holds field ${wrong?.field ?? "none"}`);
  const kind = kinds[declared];
  return kind === undefined ? [] : values.map((f) => decodeNested(kind, f.bytes, depth + 1));
}

function decodeNested(kind: OnnxType["kind"], bytes: Uint8Array, depth: number): RuntimeValue {
  if (kind === "sequence") return decodeSequenceProto(bytes, depth);
  if (kind === "optional") return decodeOptionalProto(bytes, depth);
  return kind === "map" ? decodeMapProto(bytes, depth) : decodeValueProto(kind, bytes);
}

/** A map from integers or strings; its values are a sequence in the order of the keys. */
export function decodeMapProto(bytes: Uint8Array, depth = 1): RuntimeMap {
  if (depth > maxDepth) fail("E0105", `values are nested more than ${maxDepth} deep`);
  const fields = fieldsOf(bytes, "map data");
  const texts = fields.filter((f) => f.field === 4).map((f) => new TextDecoder().decode(f.bytes));
  const numbers = fields.filter((f) => f.field === 3).flatMap((f) => integers(f.bytes));
  const values = fields.find((f) => f.field === 5);
  const elements = values === undefined ? [] : decodeSequenceProto(values.bytes, depth + 1).elements;
  if (texts.length + numbers.length !== elements.length || (texts.length > 0 && numbers.length > 0))
    fail("E0140", `a map has ${texts.length} text and ${numbers.length} integer keys for ${elements.length} values`);
  const keys: Tensor = texts.length > 0 ? { dtype: "string", shape: [texts.length], data: texts } : int64s(numbers);
  return { kind: "map", keys, values: { kind: "sequence", elements } };
}

/**
 * The message for `value` as a value of type `kind`; `encodeTensorProto` for tensors. Throws E0141 for a value that the
 * message cannot hold.
 */
export function encodeValueProto(kind: OnnxType["kind"], value: RuntimeValue, name: string): Uint8Array {
  if (kind === "optional") return encodeHolder(value === null ? [] : [value], name);
  if (kind === "tensor" && isTensor(value)) return encodeTensorProto(value, name);
  if (kind === "sequence" && kindOf(value) === "sequence")
    return encodeHolder((value as RuntimeSequence).elements, name);
  if (kind === "map" && kindOf(value) === "map") return encodeMap(value as RuntimeMap, name);
  return fail("E0141", `a value of kind ${kindOf(value)} cannot be written as ${kind}`);
}

/** An absent value inside a sequence has no form of its own: it is an empty optional. */
function kindOf(value: RuntimeValue): OnnxType["kind"] {
  if (value === null) return "optional";
  return isTensor(value) ? "tensor" : (value as RuntimeSequence | RuntimeMap).kind;
}

/** `SequenceProto` and `OptionalProto` have the same fields. */
function encodeHolder(elements: readonly RuntimeValue[], name: string): Uint8Array {
  const kind = elements.some((e) => e === null) ? "optional" : kindOf(elements[0] ?? null);
  const number = elements.length === 0 ? 0 : kinds.indexOf(kind);
  const field = valueFields[number] ?? 0;
  return message(
    optionalText(1, name),
    intField(2, number),
    ...elements.map((element) => bytesField(field, encodeValueProto(kind, element, ""))),
  );
}

function encodeMap({ keys, values }: RuntimeMap, name: string): Uint8Array {
  const content = kindOf(values) === "sequence" ? values : fail("E0141", "the values of a map have to be a sequence");
  const texts = keys.dtype === "string" ? (keys.data as string[]) : [];
  const numbers = keys.dtype === "string" ? [] : Array.from(keys.data as ArrayLike<number | bigint>);
  return message(
    optionalText(1, name),
    intField(2, dtypeToOnnx(keys.dtype)),
    numbers.length === 0 ? absent : intsField(3, numbers),
    ...texts.map((text) => textField(4, text)),
    bytesField(5, encodeValueProto("sequence", content, "")),
  );
}
