/** Values for a model's inputs, from files of all kinds, checked against the types that the graph declares. */
import { existsSync, readFileSync } from "node:fs";
import { Diagnosed, diagnosed, diagnostic } from "../diagnostics/report.ts";
import { reason } from "../frontend/byte_source.ts";
import { OnnxError } from "../frontend/onnx_error.ts";
import type { OnnxModel, OnnxType, OnnxValueInfo } from "../frontend/onnx_model.ts";
import { decodeOptionalProto, decodeSequenceProto, decodeTensorProto } from "../frontend/tensor_proto.ts";
import { isTensor, type RuntimeValue, type Tensor } from "../ir/tensor.ts";
import { asDeclared } from "../tensorfile/element_types.ts";
import { TensorFileError } from "../tensorfile/error.ts";
import { isNpy, readNpy } from "../tensorfile/npy.ts";
import { readNpz, valueAt } from "../tensorfile/npz.ts";
import { isZip } from "../tensorfile/zip.ts";
import type { Session } from "./session.ts";
import { didYouMean } from "./similar.ts";

/** Inputs that a caller has to give: those without a default in the model. */
export function requiredInputs(model: OnnxModel): OnnxValueInfo[] {
  const initial = new Set(model.graph.initializers.map((i) => i.name));
  return model.graph.inputs.filter((i) => !initial.has(i.name));
}

/** `f32[N, 3]` of a declared type, `seq(…)` and so on. */
export function onnxTypeText(type: OnnxType | undefined): string {
  switch (type?.kind) {
    case undefined:
      return "?";
    case "tensor":
    case "sparse":
      return `${type.dtype}[${type.shape ? type.shape.map((d) => d ?? "?").join(", ") : "*"}]`;
    case "map":
      return `map(${type.key}, ${onnxTypeText(type.value)})`;
    case "sequence":
      return `seq(${onnxTypeText(type.element)})`;
    case "optional":
      return `optional(${onnxTypeText(type.element)})`;
  }
}

const listed = (inputs: readonly OnnxValueInfo[]): string =>
  inputs.map((i) => `${i.name}: ${onnxTypeText(i.type)}`).join("; ");

export interface InputFlags {
  /** An archive with an array for each input. */
  readonly inputs?: string;
  /** Names and files of single inputs. */
  readonly input?: readonly (readonly [string, string])[];
}

/** Arrays and values by name or position, as the files have them. */
export type Given = ReadonlyMap<string, Tensor>;

/** Reads an archive. Throws E0502. */
export const readArchive = (session: Session, file: string): Given =>
  withFile(file, () => {
    const bytes = read(session, file);
    if (!isZip(bytes)) throw new TensorFileError(`"${file}" is no .npz archive`);
    return readNpz(bytes);
  });

/** First bytes of the formats that compiled programs decode. */
const pictureHeads = ["BM", "\xff\xd8\xff", "\x89PNG", "P1", "P2", "P3", "P4", "P5", "P6", "P7"];

const isPicture = (bytes: Uint8Array): boolean => {
  const head = Buffer.from(bytes.subarray(0, 8)).toString("latin1");
  return pictureHeads.some((p) => head.startsWith(p));
};

/** Pictures among the single inputs, by position: the compiled program decodes them. The other flags stay. */
export function takePictures<F extends InputFlags>(
  session: Session,
  model: OnnxModel,
  flags: F,
): { readonly pictures: ReadonlyMap<number, string>; readonly flags: F } {
  const inputs = requiredInputs(model);
  const pictures = new Map<number, string>();
  const others = (flags.input ?? []).filter(([name, file]) => {
    const index = indexOf(name, inputs);
    if (index < 0 || !isPicture(read(session, file))) return true;
    pictures.set(index, session.path(file));
    return false;
  });
  return { pictures, flags: { ...flags, input: others } };
}

/** The given values in the graph's order; undefined where there is none. Throws E0502, E0504, E0505. */
export function readInputs(session: Session, model: OnnxModel, flags: InputFlags): (RuntimeValue | undefined)[] {
  const inputs = requiredInputs(model);
  const archive = flags.inputs === undefined ? new Map<string, Tensor>() : readArchive(session, flags.inputs);
  refuseUnknown([...archive.keys()].map(baseName), inputs, flags.inputs ?? "");
  const values = inputs.map((info, i) => valueAt(archive, info.name) ?? valueAt(archive, String(i)));
  for (const [name, file] of flags.input ?? []) {
    const index = indexOf(name, inputs);
    if (index < 0) throw new Diagnosed(diagnostic("E0505", { name, known: listed(inputs) }));
    values[index] = readValue(session, file, inputs[index] as OnnxValueInfo);
  }
  return values.map((v, i) => (v === undefined ? emptyOf(inputs[i]?.type) : fitInput(v, inputs[i] as OnnxValueInfo)));
}

/** Optional inputs and sequences may stay away: nothing, and none. */
function emptyOf(type: OnnxType | undefined): RuntimeValue | undefined {
  return type?.kind === "optional" ? null : undefined;
}

/** Throws E0503 with all inputs that have no value. */
export function requireAll(model: OnnxModel, values: readonly (RuntimeValue | undefined)[]): RuntimeValue[] {
  const inputs = requiredInputs(model);
  const missing = inputs.filter((_, i) => values[i] === undefined);
  if (missing.length === 0) return values as RuntimeValue[];
  const params = { missing: missing.map((m) => `"${m.name}"`).join(", "), known: listed(inputs) };
  throw new Diagnosed(diagnostic("E0503", params));
}

/** Position of the input called `name`, or that `name` is the position of. */
function indexOf(name: string, inputs: readonly OnnxValueInfo[]): number {
  const byName = inputs.findIndex((i) => i.name === name);
  if (byName >= 0) return byName;
  return /^\d+$/.test(name) && Number(name) < inputs.length ? Number(name) : -1;
}

/** The value's name of an entry: `x.0`, `x.keys` belong to `x`. Names of inputs may hold dots themselves. */
const baseName = (entry: string): readonly string[] => {
  const names = [entry];
  for (let at = entry.lastIndexOf("."); at > 0; at = entry.lastIndexOf(".", at - 1)) names.push(entry.slice(0, at));
  return names;
};

function refuseUnknown(entries: readonly (readonly string[])[], inputs: readonly OnnxValueInfo[], file: string): void {
  for (const names of entries)
    if (!names.some((n) => indexOf(n, inputs) >= 0))
      throw new Diagnosed(diagnostic("E0505", { name: names[0] as string, known: listed(inputs) }, "", file));
}

/** A file that holds one value: .npy, ONNX's .pb, or an archive with one array. */
function readValue(session: Session, file: string, info: OnnxValueInfo): RuntimeValue {
  return withFile(file, () => {
    const bytes = read(session, file);
    if (isNpy(bytes)) return readNpy(bytes);
    if (isPicture(bytes)) throw new TensorFileError(`"${file}" is a picture, which only \`onnxidize run\` reads`);
    if (!isZip(bytes)) return readProto(bytes, info.type);
    const arrays = readNpz(bytes);
    const value =
      valueAt(arrays, info.name) ?? valueAt(arrays, "0") ?? [...arrays.values()].at(arrays.size === 1 ? 0 : 1e9);
    if (value === undefined) throw new TensorFileError(`the archive has no array "${info.name}"`);
    return value;
  });
}

function readProto(bytes: Uint8Array, type: OnnxType | undefined): RuntimeValue {
  if (type?.kind === "sequence") return decodeSequenceProto(bytes);
  if (type?.kind === "optional") return decodeOptionalProto(bytes);
  return decodeTensorProto(bytes);
}

function read(session: Session, file: string): Uint8Array {
  const path = session.path(file);
  try {
    return readFileSync(path);
  } catch (error) {
    const help = existsSync(path) ? undefined : didYouMean(path, file);
    const message = `cannot open "${file}": ${reason(error)}`;
    throw new Diagnosed(diagnostic("E0502", help ? { message, help } : { message }, "", file));
  }
}

function withFile<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { message } = error as Error;
    throw diagnosed(error instanceof OnnxError ? new TensorFileError(message) : error, file);
  }
}

/** `value` as the declared type: narrow element types are told by the graph; everything else must agree. Throws E0504. */
function fitInput(value: RuntimeValue, info: OnnxValueInfo): RuntimeValue {
  const wrong = (found: string, help = ""): never => {
    throw new Diagnosed(diagnostic("E0504", { name: info.name, expected: onnxTypeText(info.type), found, help }));
  };
  return fitType(value, info.type, wrong);
}

type Wrong = (found: string, help?: string) => never;

function fitType(value: RuntimeValue, type: OnnxType | undefined, wrong: Wrong): RuntimeValue {
  if (type === undefined) return value;
  if (type.kind === "optional") return value === null ? null : fitType(value, type.element, wrong);
  if (value === null) return wrong("nothing");
  if (type.kind === "map") return !isTensor(value) && value.kind === "map" ? value : wrong("another kind of value");
  if (type.kind === "sequence") {
    const { element } = type;
    if (isTensor(value) || value.kind !== "sequence") return wrong(isTensor(value) ? describe(value) : "a map");
    return { kind: "sequence", elements: value.elements.map((e) => fitType(e, element, wrong)) };
  }
  if (!isTensor(value)) return wrong(`a ${value.kind}`);
  return fitTensor(value, type, wrong);
}

function fitTensor(value: Tensor, type: Extract<OnnxType, { kind: "tensor" | "sparse" }>, wrong: Wrong): Tensor {
  let tensor: Tensor;
  try {
    tensor = asDeclared(value, type.dtype);
  } catch (error) {
    if (!(error instanceof TensorFileError)) throw error;
    return wrong(describe(value), `convert it, for example with numpy: x.astype(...)`);
  }
  const { shape } = type;
  if (shape === undefined) return tensor;
  const fits =
    shape.length === tensor.shape.length && shape.every((d, i) => typeof d !== "number" || d === tensor.shape[i]);
  return fits ? tensor : wrong(describe(tensor));
}

const describe = (t: Tensor): string => `${t.dtype}[${t.shape.join(", ")}]`;
