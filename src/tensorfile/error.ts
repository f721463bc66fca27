/** A tensor file (`.npy`, `.npz`) that cannot be read or written; the message says what was expected and what was found. */
export class TensorFileError extends Error {
  override readonly name = "TensorFileError";
}
