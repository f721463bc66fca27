/** The form of a bad model in tests: how its file is made, and what the command line has to say about it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeModel } from "../frontend/encode_model.ts";
import { parseOnnxText } from "../frontend/onnx_text.ts";

export interface BadModel {
  readonly name: string;
  readonly code: string;
  readonly exit: number;
  /** The node (or tensor) that the diagnostic names. */
  readonly node?: string;
  /** A part of the message. */
  readonly says?: string;
  readonly flags?: readonly string[];
  /** Makes the model's file in `folder`; its name. */
  readonly make: (folder: string) => string;
}

export type Options = Pick<BadModel, "node" | "says" | "flags">;

export const bytes =
  (content: string | Uint8Array, name = "model.onnx") =>
  (folder: string): string => {
    writeFileSync(join(folder, name), content);
    return name;
  };

export const file = (
  name: string,
  code: string,
  exit: number,
  content: string | Uint8Array,
  options: Options = {},
): BadModel => ({
  name,
  code,
  exit,
  ...options,
  make: bytes(content),
});

export const header = '<ir_version: 10, opset_import: ["" : 21]>';

/** A model in ONNX's text form, written as protobuf. */
export const text = (name: string, code: string, exit: number, graph: string, options: Options = {}): BadModel => ({
  name,
  code,
  exit,
  ...options,
  make: (folder) => bytes(encodeModel(parseOnnxText(graph.startsWith("<") ? graph : `${header}\n${graph}`)))(folder),
});
