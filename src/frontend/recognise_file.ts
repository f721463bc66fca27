/** Files that are not ONNX models, recognised by how they begin, so that the message can say what they are. */

/** How many bytes `recogniseForeign` wants to see. */
export const headBytes = 512;

interface Foreign {
  readonly what: string;
  readonly help: string;
}

const asOnnx = (how: string): string => `Export the model to ONNX: ${how}.`;
const download = "Open the address in a browser, or download with a tool that follows redirects and reports errors.";

/** Beginnings of files, as Latin-1 text at an offset. */
const magics: readonly (Foreign & { readonly at: number; readonly magic: string })[] = [
  {
    at: 0,
    magic: "version https://git-lfs",
    what: "a Git LFS pointer, not the file itself",
    help: "Run `git lfs pull` in the repository, or download the file through the web page.",
  },
  {
    at: 0,
    magic: "PK\x03\x04",
    what: "a zip archive (PyTorch, Keras or NumPy file?)",
    help: asOnnx("`torch.onnx.export` for PyTorch, tf2onnx for Keras; or unpack the archive"),
  },
  { at: 4, magic: "TFL3", what: "a TensorFlow Lite model", help: asOnnx("`python -m tf2onnx.convert --tflite`") },
  {
    at: 4,
    magic: "ORTM",
    what: "a model in ONNX Runtime's own format",
    help: "Use the .onnx file that it was made from.",
  },
  { at: 0, magic: "\x89HDF\r\n", what: "an HDF5 file (Keras?)", help: asOnnx("tf2onnx, or Keras's `model.export`") },
  { at: 0, magic: "\x80\x02", what: "a Python pickle (PyTorch?)", help: asOnnx("`torch.onnx.export`") },
  { at: 0, magic: "\x80\x04", what: "a Python pickle", help: asOnnx("skl2onnx for scikit-learn, `torch.onnx.export`") },
  { at: 0, magic: "GGUF", what: "a GGUF file", help: asOnnx("from the original PyTorch model") },
  { at: 0, magic: "\x93NUMPY", what: "a NumPy array", help: "Give it as an input, not as the model." },
  { at: 0, magic: "\x1f\x8b", what: "a gzip archive", help: "Unpack it first." },
  { at: 0, magic: "\xfd7zXZ", what: "an xz archive", help: "Unpack it first." },
  { at: 0, magic: "\x28\xb5\x2f\xfd", what: "a Zstandard archive", help: "Unpack it first." },
  { at: 0, magic: "7z\xbc\xaf", what: "a 7z archive", help: "Unpack it first." },
  { at: 257, magic: "ustar", what: "a tar archive", help: "Unpack it first." },
  {
    at: 3,
    magic: '\0\0\0\0\0{"',
    what: "a safetensors file",
    help: "It holds weights only; export the whole model to ONNX.",
  },
  { at: 0, magic: "<?xml", what: "an XML file (OpenVINO or PMML?)", help: asOnnx("from the original model") },
  { at: 0, magic: "\x7fELF", what: "a program", help: "Give the path of a model." },
];

/** What the file that begins with `head` is, if it is known not to be an ONNX model (binary or text). */
export function recogniseForeign(head: Uint8Array): Foreign | undefined {
  const text = Buffer.from(head).toString("latin1");
  const found = magics.find(({ at, magic }) => text.startsWith(magic, at));
  if (found !== undefined) return found;
  const start = text
    .replace(/^(\xef\xbb\xbf)?\s+/, "")
    .slice(0, 200)
    .toLowerCase();
  if (/^<(!doctype|html|head|body|script|!--)/.test(start)) return { what: "a web page", help: download };
  if (/^[{[]\s*("|\{|\[|\])/.test(start)) return { what: "a JSON file", help: download };
  return undefined;
}

/**
 * True if the file looks like ONNX's text form: no control characters but white space, and a beginning that the grammar
 * allows. A serialised model begins with a byte below 0x20 or a tag that text does not have.
 */
export function looksLikeText(head: Uint8Array): boolean {
  if (head.length === 0) return false;
  for (const byte of head) if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return false;
  return /^(\xef\xbb\xbf)?(\s|#[^\n]*\n)*(<|[A-Za-z_"])/.test(Buffer.from(head).toString("latin1"));
}
