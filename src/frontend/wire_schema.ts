/**
 * ONNX's messages as the scanner sees them: for each field its number, wire type, and what is done with it.
 *
 * Source: onnx/onnx.proto of ONNX 1.22 (IR version 13), and the additions of IR version 14.
 */
import type { Wire } from "./wire.ts";

export type FieldRule =
  /** Left in the skeleton for onnx-proto. */
  | { readonly does: "keep"; readonly wire: Wire }
  /** Kept; UTF-8 within the limit for names. */
  | { readonly does: "name" }
  /** Kept; UTF-8, counted as string bytes. */
  | { readonly does: "text" }
  /** Kept; counted as string bytes. */
  | { readonly does: "bytes" }
  /** Kept; extents of a tensor, packed or not. */
  | { readonly does: "dims" }
  /** Left out of the skeleton: comments and metadata that nothing here uses. */
  | { readonly does: "drop"; readonly wire: Wire }
  /** Left out, with a warning: `what` is not used. */
  | { readonly does: "warn"; readonly what: string }
  /** E0107 (or the given code): `what` would change the meaning. */
  | { readonly does: "refuse"; readonly what: string; readonly code?: "E0125" }
  /** Scanned in turn; `once` for fields that may not be repeated. */
  | { readonly does: "message"; readonly type: MessageName; readonly once: boolean }
  /** Elements of a list (wire type of one, packed or not): left out and noted in the side record. */
  | { readonly does: "run"; readonly wire: Wire }
  /** Unknown to onnx-proto; read into the side record. */
  | { readonly does: "overload" }
  | { readonly does: "metadata" }
  | { readonly does: "detached"; readonly type: "Attribute" | "ValueInfo"; readonly into: "attributes" | "values" };

export interface MessageRule {
  readonly fields: readonly (FieldRule | undefined)[];
  /** A field of another number: an error where it could change the meaning. */
  readonly unknown: "refuse" | "warn";
  /**
   * The field of onnx-proto (length-delimited, always left out of the skeleton) that the scanner uses to tie the message to
   * its side record: it writes the record's index there in decimal.
   */
  readonly marker?: number;
  /** What the message is called in errors. */
  readonly label: string;
}

export type MessageName =
  | "Model"
  | "Graph"
  | "Node"
  | "Attribute"
  | "Tensor"
  | "SparseTensor"
  | "ValueInfo"
  | "Type"
  | "TensorType"
  | "SequenceType"
  | "MapType"
  | "Shape"
  | "Dimension"
  | "OpsetId"
  | "Entry"
  | "Function";

const varint: FieldRule = { does: "keep", wire: 0 };
const fixed32: FieldRule = { does: "keep", wire: 5 };
const name: FieldRule = { does: "name" };
const text: FieldRule = { does: "text" };
const comment: FieldRule = { does: "drop", wire: 2 };
const metadata: FieldRule = { does: "metadata" };
const overload: FieldRule = { does: "overload" };
const run = (wire: Wire): FieldRule => ({ does: "run", wire });
const one = (type: MessageName): FieldRule => ({ does: "message", type, once: true });
const many = (type: MessageName): FieldRule => ({ does: "message", type, once: false });
const warn = (what: string): FieldRule => ({ does: "warn", what });

/** Field rules by number, from a record. */
function numbered(rules: Readonly<Record<number, FieldRule>>): readonly (FieldRule | undefined)[] {
  const list: (FieldRule | undefined)[] = [];
  for (const [n, rule] of Object.entries(rules)) list[Number(n)] = rule;
  return Array.from(list);
}

export const messages: Readonly<Record<MessageName, MessageRule>> = {
  Model: {
    label: "model",
    unknown: "warn",
    fields: numbered({
      1: varint, // ir_version
      2: name, // producer_name
      3: name, // producer_version
      4: name, // domain
      5: varint, // model_version
      6: comment,
      7: one("Graph"),
      8: many("OpsetId"),
      14: many("Entry"), // metadata_props
      20: warn("training information (training_info)"),
      25: many("Function"),
      26: warn("device configurations (configuration)"),
    }),
  },
  Graph: {
    label: "graph",
    unknown: "warn",
    fields: numbered({
      1: many("Node"),
      2: name,
      5: many("Tensor"),
      10: comment,
      11: many("ValueInfo"),
      12: many("ValueInfo"),
      13: many("ValueInfo"),
      14: warn("quantisation annotations (quantization_annotation)"),
      15: many("SparseTensor"),
      16: comment, // metadata_props
    }),
  },
  Node: {
    label: "node",
    unknown: "refuse",
    marker: 6,
    fields: numbered({
      1: name,
      2: name,
      3: name,
      4: name,
      5: many("Attribute"),
      6: comment,
      7: name,
      8: overload,
      9: metadata,
      10: warn("device configurations of nodes (device_configurations)"),
    }),
  },
  Attribute: {
    label: "attribute",
    unknown: "refuse",
    marker: 13,
    fields: numbered({
      1: name,
      2: fixed32,
      3: varint,
      4: { does: "bytes" },
      5: one("Tensor"),
      6: one("Graph"),
      7: run(5), // floats
      8: run(0), // ints
      9: run(2), // strings
      10: many("Tensor"),
      11: many("Graph"),
      13: comment,
      14: one("Type"),
      15: many("Type"),
      20: varint, // type
      21: name, // ref_attr_name
      22: one("SparseTensor"),
      23: many("SparseTensor"),
    }),
  },
  Tensor: {
    label: "tensor",
    unknown: "refuse",
    marker: 9,
    fields: numbered({
      1: { does: "dims" },
      2: varint, // data_type
      3: { does: "refuse", what: "tensors in segments" },
      4: run(5), // float_data
      5: run(0), // int32_data
      6: run(2), // string_data
      7: run(0), // int64_data
      8: name,
      9: run(2), // raw_data
      10: run(1), // double_data
      11: run(0), // uint64_data
      12: comment,
      13: many("Entry"), // external_data
      14: varint, // data_location
      16: comment, // metadata_props
    }),
  },
  SparseTensor: {
    label: "sparse tensor",
    unknown: "refuse",
    fields: numbered({ 1: one("Tensor"), 2: one("Tensor"), 3: { does: "dims" } }),
  },
  ValueInfo: {
    label: "value",
    unknown: "warn",
    fields: numbered({ 1: name, 2: one("Type"), 3: comment, 4: comment }),
  },
  Type: {
    label: "type",
    unknown: "refuse",
    fields: numbered({
      1: one("TensorType"),
      4: one("SequenceType"),
      5: one("MapType"),
      6: comment, // denotation
      7: { does: "refuse", what: "opaque types", code: "E0125" },
      8: one("TensorType"), // sparse_tensor_type
      9: one("SequenceType"), // optional_type: the same shape of message
    }),
  },
  TensorType: { label: "tensor type", unknown: "refuse", fields: numbered({ 1: varint, 2: one("Shape") }) },
  SequenceType: { label: "sequence type", unknown: "refuse", fields: numbered({ 1: one("Type") }) },
  MapType: { label: "map type", unknown: "refuse", fields: numbered({ 1: varint, 2: one("Type") }) },
  Shape: { label: "shape", unknown: "refuse", fields: numbered({ 1: many("Dimension") }) },
  Dimension: { label: "dimension", unknown: "refuse", fields: numbered({ 1: varint, 2: name, 3: comment }) },
  OpsetId: { label: "opset import", unknown: "refuse", fields: numbered({ 1: name, 2: varint }) },
  Entry: { label: "entry", unknown: "warn", fields: numbered({ 1: text, 2: text }) },
  Function: {
    label: "function",
    unknown: "refuse",
    marker: 8,
    fields: numbered({
      1: name,
      2: { does: "drop", wire: 0 }, // since_version, removed in IR version 8
      3: { does: "drop", wire: 0 }, // status, removed in IR version 8
      4: name,
      5: name,
      6: name,
      7: many("Node"),
      8: comment,
      9: many("OpsetId"),
      10: name,
      11: { does: "detached", type: "Attribute", into: "attributes" }, // attribute_proto
      12: { does: "detached", type: "ValueInfo", into: "values" }, // value_info
      13: overload,
      14: metadata,
    }),
  },
};
