/**
 * A decoded ONNX model as plain, readonly data: what the file says, nothing derived from it.
 *
 * Both readers (`decode_model.ts` for protobuf, `onnx_text.ts` for the text form) produce it, both writers consume it, and
 * the importer turns it into the IR. Not here: operator schemas, opset adapters, type inference, name resolution; a graph in
 * this form may still be cyclic, mistyped or use unknown operators.
 */
import type { DType } from "../ir/dtype.ts";
import type { Literal } from "../ir/literal.ts";

export interface OnnxModel {
  readonly irVersion: number;
  /** Imported opset by domain; `ai.onnx` is spelled `""`. Of repeated domains the highest version is kept (and a warning). */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producer: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: bigint;
  /** `metadata_props`, in the file's order. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: OnnxGraph;
  readonly functions: readonly OnnxFunction[];
  /** What was read but is not used or is odd: one sentence each. */
  readonly warnings: readonly string[];
}

export interface OnnxGraph {
  readonly name: string;
  /** In the file's order, which ONNX requires to be topological but nothing here has checked. */
  readonly nodes: readonly OnnxNode[];
  /** Includes initialisers that are also inputs (always so up to IR version 3): those inputs have a default. */
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
  readonly valueInfo: readonly OnnxValueInfo[];
  /** Sparse initialisers come as dense literals that are expanded when they are loaded. */
  readonly initializers: readonly OnnxInitializer[];
}

export interface OnnxValueInfo {
  readonly name: string;
  /** Absent where the file gives no type, or one without an element type. */
  readonly type: OnnxType | undefined;
}

export interface OnnxInitializer {
  readonly name: string;
  readonly literal: Literal;
}

export interface OnnxNode {
  /** May be empty, and need not be unique. */
  readonly name: string;
  readonly opType: string;
  /** `""` for ai.onnx. */
  readonly domain: string;
  /** Selects one of several functions of the same domain and name (IR version 10). */
  readonly overload: string;
  /** Names of values; `""` is an absent optional input. */
  readonly inputs: readonly string[];
  /** Names of values; `""` is an output that is not wanted. */
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** A string attribute: text where the bytes are valid UTF-8, else the bytes (an encoded image, a serialised blob). */
export type OnnxString = string | Uint8Array;

/** The values that an attribute of each kind has. Floats are f32 widened to number; sparse tensors are dense literals. */
export interface OnnxAttributeValues {
  readonly float: number;
  readonly int: bigint;
  readonly string: OnnxString;
  readonly tensor: Literal;
  readonly graph: OnnxGraph;
  readonly sparse_tensor: Literal;
  readonly type: OnnxType;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly strings: readonly OnnxString[];
  readonly tensors: readonly Literal[];
  readonly graphs: readonly OnnxGraph[];
  readonly sparse_tensors: readonly Literal[];
  readonly types: readonly OnnxType[];
}

export type OnnxAttributeKind = keyof OnnxAttributeValues;

/** `name = @refName`: inside a function, the attribute of that name at the function's call. Has no value of its own. */
export interface OnnxAttributeRef {
  readonly name: string;
  readonly kind: "ref";
  readonly refName: string;
  /** The kind that the value will have, where the model says so. */
  readonly refKind: OnnxAttributeKind | undefined;
}

export type OnnxAttributeOf<K extends OnnxAttributeKind> = {
  readonly name: string;
  readonly kind: K;
  readonly value: OnnxAttributeValues[K];
};

export type OnnxAttribute = { [K in OnnxAttributeKind]: OnnxAttributeOf<K> }[OnnxAttributeKind] | OnnxAttributeRef;

/** An extent: a number >= 0, a named symbol, or undefined where the file leaves it open. */
export type OnnxDim = number | string | undefined;

export interface OnnxTensorType {
  readonly kind: "tensor";
  readonly dtype: DType;
  /** Undefined: not even the rank is known. `[]` is a scalar. */
  readonly shape: readonly OnnxDim[] | undefined;
}

export type OnnxType =
  | OnnxTensorType
  | { readonly kind: "sparse"; readonly dtype: DType; readonly shape: readonly OnnxDim[] | undefined }
  | { readonly kind: "sequence"; readonly element: OnnxType | undefined }
  | { readonly kind: "optional"; readonly element: OnnxType | undefined }
  | { readonly kind: "map"; readonly key: DType; readonly value: OnnxType | undefined };

/** A model-local function: a body for the node type `domain::name:overload`. */
export interface OnnxFunction {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Attributes that a call may give and that have no default (absent ones drop the `@ref` attributes that name them). */
  readonly attributes: readonly string[];
  /** Attributes with a default. */
  readonly attributeDefaults: readonly OnnxAttribute[];
  readonly nodes: readonly OnnxNode[];
  /** As in `OnnxModel.opsets`; the body is read by these, not by the model's. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly valueInfo: readonly OnnxValueInfo[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** `ai.onnx` and `""` are the same domain; the empty spelling is ours. */
export const normalDomain = (domain: string): string => (domain === "ai.onnx" ? "" : domain);

/** The attribute called `name`, if the node has it. */
export const attributeOf = (node: OnnxNode, name: string): OnnxAttribute | undefined =>
  node.attributes.find((a) => a.name === name);
