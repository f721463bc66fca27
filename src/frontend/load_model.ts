/** Opening a model: the one entry to the front end for files, bytes and text. */
import { dirname } from "node:path";
import { type ByteSource, bytesSource, fileSource } from "./byte_source.ts";
import { decodeModelFrom } from "./decode_model.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { fail, OnnxError, quote } from "./onnx_error.ts";
import type { OnnxModel } from "./onnx_model.ts";
import { parseOnnxText } from "./onnx_text.ts";
import { headBytes, looksLikeText, recogniseForeign } from "./recognise_file.ts";
import { tooMuch } from "./scan_state.ts";

export interface LoadOptions {
  /** Overrides of the default limits. */
  readonly limits?: Partial<Limits> | undefined;
  /** The folder that external data has to lie in; by default the model's own (none for models given as bytes). */
  readonly externalDataRoot?: string | undefined;
}

/**
 * Reads the model at `path`: protobuf, or ONNX text where the name ends in `.onnxtxt` or the content is text. Weights stay in
 * the file until a literal is loaded. Throws `OnnxError` with codes E0100 to E0133, and nothing else.
 */
export function loadModel(path: string, options: LoadOptions = {}): OnnxModel {
  const source = fileSource(path);
  return readModel(source, { externalDataRoot: dirname(path), ...options }, path.toLowerCase().endsWith(".onnxtxt"));
}

/** Reads a model from bytes; `name` stands for the file in messages. */
export const decodeModel = (bytes: Uint8Array, options: LoadOptions = {}, name = "the given bytes"): OnnxModel =>
  readModel(bytesSource(bytes, name), options, false);

function readModel(source: ByteSource, options: LoadOptions, isText: boolean): OnnxModel {
  const limits: Limits = { ...defaultLimits, ...options.limits };
  if (source.size === 0) fail("E0101", `${quote(source.name, 400)} is empty`);
  const head = source.read(0, Math.min(headBytes, source.size));
  try {
    if (isText || looksLikeText(head)) return readText(source, limits, options.externalDataRoot);
    return decodeModelFrom(source, limits, options.externalDataRoot);
  } catch (error) {
    // Only now: whatever decodes is a model, however it begins.
    const foreign = recogniseForeign(head);
    if (foreign === undefined) throw error;
    return fail("E0102", `${quote(source.name, 400)} is ${foreign.what}`, { help: foreign.help });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readText(source: ByteSource, limits: Limits, externalRoot: string | undefined): OnnxModel {
  if (source.size > limits.structureBytes) tooMuch("structureBytes", limits, `the text has ${source.size} bytes`);
  return parseOnnxText(decodeText(source), { limits, externalRoot });
}

function decodeText(source: ByteSource): string {
  try {
    return utf8.decode(source.read(0, source.size));
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    return fail("E0108", `${quote(source.name, 400)} is not UTF-8 text`);
  }
}
