/**
 * What can be wrong with a model file: one code per distinct failure, with its title, help and exit code.
 *
 * Everything in `src/frontend` that refuses an input throws `OnnxError`, and nothing else.
 */

/** Exit codes of the command line: 3 the model is invalid, 4 it is valid but not supported, 7 refused for security. */
export type OnnxExit = 3 | 4 | 7;

export interface CodeEntry {
  readonly title: string;
  /** Cause and cure, for `onnxidize explain`. */
  readonly help: string;
  readonly exit: OnnxExit;
}

const entry = (exit: OnnxExit, title: string, help: string): CodeEntry => ({ title, help, exit });

/** Codes E0100 to E0149, never reused. */
export const frontendCodes = {
  E0100: entry(
    3,
    "the file cannot be read",
    "The path does not exist, is not a regular file, or its permissions forbid reading. Check the spelling of the path.",
  ),
  E0101: entry(
    3,
    "the file is empty",
    "A model file of zero bytes is usually an interrupted download or export. Fetch or export it again.",
  ),
  E0102: entry(
    3,
    "not an ONNX model",
    "The content belongs to another format. Web pages and Git LFS pointers are saved when a download does not reach the real " +
      "file; PyTorch, TensorFlow, Keras, TFLite and other formats have to be exported to ONNX first.",
  ),
  E0103: entry(
    3,
    "the protobuf encoding is broken",
    "A field runs past the end of its message or of the file, or a tag cannot exist. The file is truncated, damaged, or not an " +
      "ONNX model. Compare its size and checksum with the source's.",
  ),
  E0104: entry(
    4,
    "the model is larger than the reader's limits",
    "Limits keep a hostile file from exhausting memory. They are far above known models; raise them in the options of " +
      "`loadModel` if yours is genuine.",
  ),
  E0105: entry(
    4,
    "subgraphs are nested too deeply",
    "Graphs inside If, Loop and Scan nodes may nest to a limit (64 by default): deeper files are used to overflow the stacks of " +
      "readers.",
  ),
  E0106: entry(
    3,
    "a field has the wrong wire type",
    "The file uses a field number of ONNX with another encoding: it was written by a damaged or foreign schema.",
  ),
  E0107: entry(
    4,
    "the model uses a part of ONNX that is not supported",
    "The named field changes what the model computes and this version does not know it. Export without that feature, or with an " +
      "earlier IR version.",
  ),
  E0108: entry(3, "a name is not valid UTF-8", "ONNX requires names of values, nodes and operators to be UTF-8 text."),
  E0109: entry(
    3,
    "unknown element type",
    "The number is not one of ONNX's element types (1 to 26). Undefined (0) is not allowed for a tensor with contents.",
  ),
  E0110: entry(
    3,
    "invalid dimensions of a tensor",
    "Extents of stored tensors must be zero or positive, and the number of elements must fit a safe integer.",
  ),
  E0111: entry(
    3,
    "a tensor's data does not fit its shape",
    "The stored bytes or values must be exactly as many as the shape and the element type say. The file is damaged or its " +
      "exporter is faulty.",
  ),
  E0112: entry(
    3,
    "a tensor stores its data in a field that does not suit its type",
    "Each element type has one typed field besides raw_data (float_data, int32_data, …), and only one of them may be used.",
  ),
  E0113: entry(
    3,
    "a stored value is out of the range of its type",
    "For example 300 in a uint8 tensor. The exporter is faulty; no wrapping is guessed.",
  ),
  E0114: entry(
    3,
    "invalid sparse tensor",
    "Values must be one-dimensional with as many entries as indices; indices must lie inside the shape, ascend and not repeat.",
  ),
  E0115: entry(
    3,
    "invalid description of external data",
    "Keys are location (required), offset, length, checksum and basepath; offset and length are decimal numbers.",
  ),
  E0116: entry(
    7,
    "external data outside the model's folder",
    "A model may name only files inside its own folder (or the folder given as external data root), by a relative path without " +
      "`..`, drive letters, backslashes or links that lead outside. Move the data beside the model.",
  ),
  E0117: entry(
    7,
    "external data is not a plain file",
    "Links, devices, pipes and files with several names are refused, because a hostile model could read other files through " +
      "them. Copy the data to a plain file.",
  ),
  E0118: entry(
    3,
    "external data cannot be read",
    "The data file is missing or shorter than the model says. Large models come in several files: fetch all of them into one folder.",
  ),
  E0119: entry(
    3,
    "external data without a folder",
    "The model was given as bytes or text, so relative data files cannot be found. Load it from its file, or give the external " +
      "data root.",
  ),
  E0120: entry(
    3,
    "a file changed while it was being read",
    "Size or time of the file differ from when it was opened. Wait until it is completely written and try again.",
  ),
  E0121: entry(
    3,
    "invalid attribute",
    "An attribute needs a name and a kind that matches the field that holds its value, and a node has each name once.",
  ),
  E0122: entry(
    3,
    "a required part is missing",
    "The model lacks something that ONNX requires, such as its graph, a node's operator type or a name.",
  ),
  E0123: entry(
    3,
    "a name is used twice",
    "Initialisers and functions need names that are unique in their graph or model.",
  ),
  E0124: entry(3, "invalid type", "The type of a value is incomplete or contradictory."),
  E0125: entry(
    4,
    "unsupported kind of value",
    "Opaque types carry no definition in the file, so they cannot be compiled.",
  ),
  E0126: entry(
    3,
    "a field that may occur once is repeated",
    "Protobuf would merge the copies, which no ONNX exporter intends. The file is the result of concatenation or is damaged.",
  ),
  E0130: entry(
    3,
    "unexpected character in ONNX text",
    "Outside strings and comments (# to the end of the line) only names, numbers and the punctuation of the grammar may occur.",
  ),
  E0131: entry(
    3,
    "syntax error in ONNX text",
    "See onnx/docs/Syntax.md. Lists in angle brackets need commas, `=>` is written without a space, a node is " +
      '`y = Op <attr = 1> (x)` or `y = Op (x)`, names that are not identifiers are written as strings ("0").',
  ),
  E0132: entry(
    3,
    "invalid number in ONNX text",
    "The number does not fit its type. Note that float16, bfloat16 and the 8-bit floats are written as integer bit patterns.",
  ),
  E0133: entry(
    3,
    "mixed or unsuitable attribute values in ONNX text",
    "All values of a list must be of one kind, and of the declared kind if one is given. Write 2.0 for a float; an empty list " +
      "needs its kind (`axes: ints = []`).",
  ),
  E0140: entry(
    3,
    "invalid test data",
    "The file does not hold the kind of value (tensor, sequence, optional, map) that the graph's input or output has.",
  ),
  E0141: entry(4, "a value cannot be written", "ONNX has no encoding for this value in the requested form."),
} as const satisfies Record<string, CodeEntry>;

export type FrontendCode = keyof typeof frontendCodes;

/** Where and how: both optional. */
export interface ErrorDetail {
  /** What to do, when there is more to say than the code's general help. */
  readonly help?: string | undefined;
  /** The node (or tensor) concerned, by its name in the model. */
  readonly node?: string | undefined;
}

/** A refusal of an input. `message` is lower case, without full stop, says what was expected and what was found. */
export class OnnxError extends Error {
  readonly code: FrontendCode;
  readonly help: string | undefined;
  readonly node: string | undefined;
  readonly exit: OnnxExit;

  constructor(code: FrontendCode, message: string, detail: ErrorDetail = {}) {
    super(message);
    this.name = "OnnxError";
    this.code = code;
    this.help = detail.help;
    this.node = detail.node;
    this.exit = frontendCodes[code].exit;
  }
}

export function fail(code: FrontendCode, message: string, detail?: ErrorDetail): never {
  throw new OnnxError(code, message, detail);
}

/** `text` shortened for a message, with control characters (which could steer a terminal) made visible. */
export function quote(text: string, max = 80): string {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
