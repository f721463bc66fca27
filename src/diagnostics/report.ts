/** Diagnostics as data, the exception that carries one, and how they are shown. */
import { OnnxError } from "../frontend/onnx_error.ts";
import { TensorFileError } from "../tensorfile/error.ts";
import { type Code, catalogue, type Params } from "./catalogue.ts";

export type { Code } from "./catalogue.ts";

export interface Diagnostic {
  readonly code: Code;
  readonly severity: "error" | "warning";
  readonly message: string;
  /** Name of the ONNX node (or nodes) that it is about; "" where it is about the file. */
  readonly node: string;
  readonly op: string;
  readonly file: string;
  readonly help: string;
}

/** Makes a diagnostic of the catalogue's text and the parameters. `file` is filled in by whoever knows it. */
export function diagnostic(code: Code, params: Params, node = "", file = ""): Diagnostic {
  const entry = catalogue[code];
  return {
    code,
    severity: code.startsWith("W") ? "warning" : "error",
    message: entry.text(params),
    node,
    op: String(params.op ?? ""),
    file,
    help: typeof entry.help === "function" ? entry.help(params) : entry.help,
  };
}

/** An error that the user can act on: one or more diagnostics. Anything else thrown is a bug of ours. */
export class Diagnosed extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(...diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => `${d.code}: ${d.message}`).join("\n"));
    this.name = "Diagnosed";
    this.diagnostics = diagnostics;
  }
  /** 3 invalid model, 4 unsupported, 5 budget, 6 toolchain, 7 security: that of the first error. */
  get exitCode(): number {
    const first = this.diagnostics.find((d) => d.severity === "error") ?? this.diagnostics[0];
    return first ? catalogue[first.code].exit : 1;
  }
  /** The same, about `file`; `instead` is the name of it that the diagnostics may have so far. */
  in(file: string, instead = ""): Diagnosed {
    return new Diagnosed(...this.diagnostics.map((d) => (d.file === "" || d.file === instead ? { ...d, file } : d)));
  }
}

/**
 * What the front end, a tensor file or the compiler threw, as diagnostics about `file`. Anything else is a bug of ours and
 * returned as it is.
 */
export function diagnosed(error: unknown, file: string): unknown {
  if (error instanceof Diagnosed) return error.in(file);
  if (error instanceof OnnxError) {
    const help = error.help ?? catalogue[error.code].explain;
    return new Diagnosed(diagnostic(error.code, { message: error.message, help }, error.node ?? "", file));
  }
  if (error instanceof TensorFileError) return new Diagnosed(diagnostic("E0502", { message: error.message }, "", file));
  return error;
}

export function fail(code: Code, params: Params, node = ""): never {
  throw new Diagnosed(diagnostic(code, params, node));
}

/** Text from a model made safe for a terminal: control characters and escapes are shown, not sent. */
export const printable = (text: string): string =>
  text.replace(
    /[\p{Control}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`,
  );

/** `error[E0201]: …`, the place below it, and the help. */
export function render(d: Diagnostic): string {
  const lines = [`${d.severity}[${d.code}]: ${printable(d.message)}`];
  if (d.node || d.file) {
    const node = d.node ? `node "${printable(d.node)}"` : "";
    const file = d.file ? printable(d.file) : "";
    lines.push(`  --> ${node && file ? `${node} in ${file}` : node || file}`);
  }
  if (d.help) lines.push(`  = help: ${printable(d.help)}`);
  return lines.join("\n");
}
