/**
 * ONNX Runtime as the reference: a model run on given inputs, its graph optimisations off, through `onnxruntime-node`.
 *
 * The package is optional: E0531 where it is absent. Its limits, each a clear error here: no sequences, optionals or maps at
 * the graph's edge, and no element type below 8 bits, no bfloat16 and no 8-bit floats there. Values inside of the graph may
 * be of any kind.
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import type { OnnxModel, OnnxValueInfo } from "../frontend/onnx_model.ts";
import { readPacked, writePacked } from "../ir/bits.ts";
import type { DType } from "../ir/dtype.ts";
import type { Tensor } from "../ir/tensor.ts";

export interface ReferenceOptions {
  /** All graph optimisations (for timing), or none (the default: fused steps would change the last digits). */
  readonly optimize?: boolean;
  /** Threads within an operator; 1 unless given. Operators never run side by side. */
  readonly threads?: number;
}

/** A loaded model, to be run often. Call `close` when done: the memory lies outside of JavaScript's. */
export interface Reference {
  /** Names of the graph's inputs without those that have an initialiser, in order. */
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** All outputs, or only the wanted ones, by name in the graph's order. */
  run(inputs: ReadonlyMap<string, Tensor>, wanted?: readonly string[]): Promise<Map<string, Tensor>>;
  close(): Promise<void>;
}

type Ort = typeof import("onnxruntime-node");

async function loadOrt(): Promise<Ort> {
  try {
    const module = (await import("onnxruntime-node")) as Ort & { readonly default?: Ort };
    return module.default ?? module;
  } catch {
    throw new Diagnosed(diagnostic("E0531", {}));
  }
}

/** The version of ONNX Runtime that runs, or undefined where it is not installed. */
export async function referenceVersion(): Promise<string | undefined> {
  try {
    return (await loadOrt()).env.versions.node ?? "unknown";
  } catch {
    return undefined;
  }
}

const ortTypes: Partial<Record<DType, OrtTensor.Type>> = {
  f32: "float32",
  f64: "float64",
  f16: "float16",
  i8: "int8",
  i16: "int16",
  i32: "int32",
  i64: "int64",
  u8: "uint8",
  u16: "uint16",
  u32: "uint32",
  u64: "uint64",
  bool: "bool",
  string: "string",
};
const dtypesOfOrt = new Map(Object.entries(ortTypes).map(([dtype, type]) => [type as string, dtype as DType]));

/** True where a value of this element type can cross the edge of the graph in ONNX Runtime for Node.js. */
export const isReferenceType = (dtype: DType): boolean => ortTypes[dtype] !== undefined;

/**
 * Loads a model file, or the bytes of one (then without external data). Throws E0531, or what ONNX Runtime throws.
 */
export async function openReference(model: string | Uint8Array, options: ReferenceOptions = {}): Promise<Reference> {
  const ort = await loadOrt();
  const settings: InferenceSession.SessionOptions = {
    graphOptimizationLevel: options.optimize === true ? "all" : "disabled",
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 3,
  };
  const session = await (typeof model === "string"
    ? ort.InferenceSession.create(model, settings)
    : ort.InferenceSession.create(model, settings));
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(inputs, wanted = session.outputNames) {
      const feeds = Object.fromEntries([...inputs].map(([name, t]) => [name, toOrt(ort, name, t)]));
      const results = await session.run(feeds, [...wanted]);
      return new Map(wanted.map((name) => [name, fromOrt(name, results[name] as OrtTensor)]));
    },
    close: () => session.release(),
  };
}

/** One run of a model file. */
export async function runOnnxRuntime(
  model: string | Uint8Array,
  inputs: ReadonlyMap<string, Tensor>,
  options: ReferenceOptions = {},
): Promise<Map<string, Tensor>> {
  const reference = await openReference(model, options);
  try {
    return await reference.run(inputs);
  } finally {
    await reference.close();
  }
}

function toOrt(ort: Ort, name: string, t: Tensor): OrtTensor {
  const type = ortTypes[t.dtype];
  if (type === undefined) throw new TypeError(`input "${name}": onnxruntime-node cannot take ${t.dtype}`);
  const data = t.dtype === "f16" ? new Uint16Array(writePacked(t).buffer) : t.data;
  return new ort.Tensor(type, data as Float32Array, t.shape);
}

function fromOrt(name: string, value: OrtTensor): Tensor {
  const dtype = dtypesOfOrt.get(value.type);
  if (dtype === undefined) throw new TypeError(`output "${name}": onnxruntime-node gives ${value.type ?? "no tensor"}`);
  const shape = [...value.dims];
  if (dtype === "string") return { dtype, shape, data: [...(value.data as string[])] };
  const data = value.data as Float32Array;
  if (dtype !== "f16") return { dtype, shape, data };
  return readPacked("f16", shape, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/**
 * The model with intermediate values of its main graph as further outputs, for a comparison value by value.
 *
 * ONNX Runtime infers the types of these outputs, none is declared. `wanted` selects among the names; it should leave out
 * what cannot be an output there (`isReferenceType`, sequences). Values inside the bodies of If, Loop and Scan stay inside.
 */
export function withIntermediates(model: OnnxModel, wanted: (name: string) => boolean = () => true): OnnxModel {
  const outputs = new Set(model.graph.outputs.map((o) => o.name));
  const names = model.graph.nodes.flatMap((n) => n.outputs).filter((n) => n !== "" && !outputs.has(n) && wanted(n));
  const added = [...new Set(names)].map((name): OnnxValueInfo => ({ name, type: undefined }));
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...added] } };
}
