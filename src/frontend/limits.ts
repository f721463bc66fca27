/** Limits that a model file has to respect; all are checked before the memory they protect is allocated. */

export interface Limits {
  /** Size of the model file, bytes. */
  readonly fileBytes: number;
  /** What remains of the file once tensor data is left out (names, nodes, attributes): held in memory, bytes. */
  readonly structureBytes: number;
  /** Nodes in all graphs and functions together. */
  readonly nodes: number;
  /** Stored tensors, of initialisers and attributes. */
  readonly tensors: number;
  /** Attributes in all nodes together. */
  readonly attributes: number;
  /** Values with a declared type: inputs, outputs and value_info of all graphs. */
  readonly values: number;
  /** Messages of all kinds: about 20 for a node with its attributes, 6 for a value with its type. Each takes some 100 bytes. */
  readonly messages: number;
  /** Names: inputs and outputs of nodes, names of values, symbols. */
  readonly names: number;
  /** Model-local functions. */
  readonly functions: number;
  /** One name, bytes of UTF-8. */
  readonly nameBytes: number;
  /** All strings of string tensors and attributes together, bytes. */
  readonly stringBytes: number;
  /** Graphs inside graphs; the main graph is 1. */
  readonly depth: number;
  /** Nesting of sequence, optional and map types. */
  readonly typeDepth: number;
  readonly rank: number;
  /** Elements of one tensor. */
  readonly elements: number;
  /** Numbers or strings in one attribute. */
  readonly listElements: number;
}

/** Generous for the largest models known (a 70B-parameter model in one file has some 2,000 tensors and 10,000 nodes). */
export const defaultLimits: Limits = {
  fileBytes: 2 ** 40,
  structureBytes: 1 << 28,
  nodes: 1_000_000,
  tensors: 1_000_000,
  attributes: 8_000_000,
  values: 4_000_000,
  messages: 20_000_000,
  names: 20_000_000,
  functions: 100_000,
  nameBytes: 4096,
  stringBytes: 1 << 29,
  depth: 64,
  typeDepth: 16,
  rank: 32,
  elements: 2 ** 40,
  listElements: 1 << 26,
};
