/**
 * A `TensorProto` to a literal. Shape, type and amount of data are checked at once; the contents are read when asked for,
 * except for tensors of few elements.
 */
import type { onnx } from "onnx-proto";
import { readPacked } from "../ir/bits.ts";
import { bitsOf, type DType, dtypeFromOnnx, kindOf, packedBytes } from "../ir/dtype.ts";
import { type Literal, lazyLiteral, literalOf } from "../ir/literal.ts";
import type { Tensor } from "../ir/tensor.ts";
import { externalRange } from "./external_data.ts";
import { type LongBits, toBigInt } from "./integers.ts";
import type { Limits } from "./limits.ts";
import { byteStrings, countOf, fixedBytes, varints } from "./list_runs.ts";
import { fail, quote } from "./onnx_error.ts";
import { type Run, tooMuch } from "./scan_state.ts";
import type { Scan } from "./wire_scan.ts";

export interface DecodeContext {
  readonly scan: Scan;
  readonly limits: Limits;
  /** Folder that external data has to lie in; undefined where the model has no folder. */
  readonly externalRoot: string | undefined;
}

/** Tensors of so many elements are decoded at once: shapes, axes, scalars. */
const eagerElements = 64;
const rawField = 9;

/** The number of `TensorProto`'s field that holds elements of `dtype` when raw_data does not. */
export function typedField(dtype: DType): number {
  switch (dtype) {
    case "f32":
    case "c64":
      return 4;
    case "f64":
    case "c128":
      return 10;
    case "string":
      return 6;
    case "i64":
      return 7;
    case "u32":
    case "u64":
      return 11;
    default:
      return 5;
  }
}

const fieldNames: Readonly<Record<number, string>> = {
  4: "float_data",
  5: "int32_data",
  6: "string_data",
  7: "int64_data",
  9: "raw_data",
  10: "double_data",
  11: "uint64_data",
};

/** The literal for `proto`. Throws E0109 to E0113 and, for external data, E0115 to E0119. */
export function decodeTensor(proto: onnx.ITensorProto, context: DecodeContext): Literal {
  const name = proto.name ?? "";
  const dtype = dtypeFromOnnx(proto.dataType ?? 0);
  if (dtype === undefined)
    return fail("E0109", `tensor ${quote(name)} has element type ${proto.dataType ?? 0}`, { node: name });
  const shape = decodeDims(proto.dims ?? [], name, context.limits);
  const runs = runsOf(proto.rawData, context.scan).filter((run) => run.length > 0);
  if (proto.dataLocation === 1) return externalLiteral(proto, dtype, shape, runs, context);
  return storedLiteral(name, dtype, shape, runs, context);
}

/** The runs noted for the message whose marker field is `marker`. */
export function runsOf(marker: Uint8Array | null | undefined, scan: Scan): readonly Run[] {
  if (marker === null || marker === undefined || marker.length === 0) return [];
  return scan.side[Number(Buffer.from(marker).toString("latin1"))]?.runs ?? [];
}

/** Extents as numbers, checked to be non-negative and to have a product within the limits. */
export function decodeDims(dims: readonly (number | LongBits)[], name: string, limits: Limits): number[] {
  const shape = dims.map((dim) => Number(toBigInt(dim)));
  const wrong = shape.find((dim) => dim < 0 || !Number.isSafeInteger(dim));
  if (wrong !== undefined) fail("E0110", `tensor ${quote(name)} has the dimension ${wrong}`, { node: name });
  if (shape.length > limits.rank) tooMuch("rank", limits, `tensor ${quote(name)} has ${shape.length} dimensions`);
  if (shape.includes(0)) return shape;
  let elements = 1;
  for (const dim of shape) {
    elements *= dim; // both below 2⁵³: the comparison is right even where the product rounds
    if (elements > limits.elements)
      tooMuch("elements", limits, `tensor ${quote(name)} has ${elements} or more elements`);
  }
  return shape;
}

function externalLiteral(
  proto: onnx.ITensorProto,
  dtype: DType,
  shape: readonly number[],
  runs: readonly Run[],
  context: DecodeContext,
): Literal {
  const name = proto.name ?? "";
  if (dtype === "string") fail("E0115", `tensor ${quote(name)}: strings cannot be stored externally`, { node: name });
  if (runs.length > 0) fail("E0112", `tensor ${quote(name)} has both external and own data`, { node: name });
  const entries = (proto.externalData ?? []).map((e) => [e.key ?? "", e.value ?? ""] as const);
  const needed = packedBytes(
    dtype,
    shape.reduce((a, b) => a * b, 1),
  );
  const range = externalRange(context.externalRoot, entries, needed, name);
  return lazyLiteral(dtype, shape, () => readPacked(dtype, shape, range.read(), true), [range.file]);
}

function storedLiteral(
  name: string,
  dtype: DType,
  shape: readonly number[],
  runs: readonly Run[],
  { scan }: DecodeContext,
): Literal {
  const field = runs[0]?.field ?? typedField(dtype);
  checkField(name, dtype, field, runs);
  const elements = shape.reduce((a, b) => a * b, 1);
  const needed = neededCount(dtype, field, elements);
  const found = field === rawField ? (runs[0]?.length ?? 0) : countOf(runs);
  if (found !== needed) {
    const unit = field === rawField ? "bytes" : "values";
    const where = `${dtype}[${shape.join(", ")}] in ${fieldNames[field]}`;
    fail("E0111", `tensor ${quote(name)}: expected ${needed} ${unit} for ${where}, found ${found}`, { node: name });
  }
  const read = (): Tensor => readStored(name, dtype, shape, field, runs, scan);
  const atHand = elements <= eagerElements && runs.every((run) => run.bytes !== undefined);
  return atHand ? literalOf(read()) : lazyLiteral(dtype, shape, read);
}

function checkField(name: string, dtype: DType, field: number, runs: readonly Run[]): void {
  const other = runs.find((run) => run.field !== field);
  if (other !== undefined) {
    const both = `${fieldNames[field]} and ${fieldNames[other.field]}`;
    fail("E0112", `tensor ${quote(name)} has data in ${both}`, { node: name });
  }
  const suits = field === typedField(dtype) || (field === rawField && dtype !== "string");
  if (!suits) fail("E0112", `tensor ${quote(name)} of ${dtype} has its data in ${fieldNames[field]}`, { node: name });
  if (field === rawField && runs.length > 1) fail("E0126", `tensor ${quote(name)} has raw_data twice`, { node: name });
}

/** Bytes (raw data) or values (typed fields) for so many elements. */
function neededCount(dtype: DType, field: number, elements: number): number {
  if (field === rawField) return packedBytes(dtype, elements);
  if (kindOf(dtype) === "complex") return 2 * elements;
  return bitsOf(dtype) > 0 && bitsOf(dtype) < 8 ? packedBytes(dtype, elements) : elements;
}

/** Bytes that one element of a field without varints takes in the file. */
const fixedWidths: Readonly<Record<number, number>> = { [rawField]: 1, 4: 4, 10: 8 };

function readStored(
  name: string,
  dtype: DType,
  shape: readonly number[],
  field: number,
  runs: readonly Run[],
  { source }: Scan,
): Tensor {
  const width = fixedWidths[field];
  if (width !== undefined) {
    const { bytes, owned } = fixedBytes(source, runs, width);
    return readPacked(dtype, shape, bytes, owned);
  }
  if (field === 6) return { dtype, shape, data: byteStrings(source, runs).map((bytes) => decodeString(name, bytes)) };
  return fromIntegers(name, dtype, shape, varints(source, runs));
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeString(name: string, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return fail("E0108", `tensor ${quote(name)} has a string that is not UTF-8`, { node: name });
  }
}

/** Elements stored as integers: themselves, or bit patterns of floats and of packed small types. */
function fromIntegers(name: string, dtype: DType, shape: readonly number[], values: BigInt64Array): Tensor {
  if (dtype === "i64") return { dtype, shape, data: values };
  if (dtype === "u64") return { dtype, shape, data: new BigUint64Array(values.buffer) };
  const [min, max] = storedRange(dtype);
  const words = new DataView(values.buffer);
  const width = bitsOf(dtype) === 32 ? 4 : bitsOf(dtype) === 16 ? 2 : 1;
  const bytes = new Uint8Array(values.length * width);
  const into = new DataView(bytes.buffer);
  const littleEndianHost = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  for (let i = 0; i < values.length; i++) {
    // int32_data is 32 bits wide; writers may sign-extend to 64 or not.
    const value =
      dtype === "u32" ? Number(values[i]) : words.getInt32(8 * i + (littleEndianHost ? 0 : 4), littleEndianHost);
    if (value < min || value > max)
      fail("E0113", `tensor ${quote(name)} of ${dtype}: ${value} at element ${i} is out of range`, { node: name });
    if (width === 4) into.setUint32(4 * i, value, true);
    else if (width === 2) into.setUint16(2 * i, value, true);
    else bytes[i] = dtype === "bool" ? Number(value !== 0) : value;
  }
  return readPacked(dtype, shape, bytes, true);
}

/** The range of one stored integer for `dtype`. */
function storedRange(dtype: DType): readonly [number, number] {
  switch (dtype) {
    case "u32":
      return [0, 2 ** 32 - 1];
    case "i16":
      return [-(2 ** 15), 2 ** 15 - 1];
    case "i8":
      return [-128, 127];
    case "i32":
    case "bool":
      return [-(2 ** 31), 2 ** 31 - 1];
    default:
      return bitsOf(dtype) === 16 ? [0, 2 ** 16 - 1] : [0, 255];
  }
}
