/** Inputs and expected outputs for a crate's own test, brought into the form that generated programs read. */
import type { Golden } from "../codegen/crate.ts";
import { Diagnosed, diagnostic } from "../diagnostics/report.ts";
import type { OnnxModel } from "../frontend/onnx_model.ts";
import type { RuntimeValue } from "../ir/tensor.ts";
import { entriesOf, outputsFrom, writeNpz } from "../tensorfile/npz.ts";
import { type InputFlags, readArchive, readInputs, requireAll } from "./inputs.ts";
import type { Session } from "./session.ts";

/** An archive of stored arrays, little-endian, row-major, by position: what generated programs read. */
export const positional = (values: readonly RuntimeValue[]): Uint8Array =>
  writeNpz(new Map(values.flatMap((v, i) => entriesOf(String(i), v))));

export interface GoldenFlags extends InputFlags {
  readonly expected?: string;
  readonly rtol?: number;
  readonly atol?: number;
}

export const defaultTolerance = { rtol: 1e-3, atol: 1e-5 };

/** The test vectors, if `--expected` gives any. Throws E0502 to E0505, E0533. */
export function readGolden(session: Session, model: OnnxModel, flags: GoldenFlags): Golden | undefined {
  if (flags.expected === undefined) return undefined;
  const inputs = requireAll(model, readInputs(session, model, flags));
  return {
    inputs: positional(inputs),
    outputs: positional(readExpected(session, model, flags.expected)),
    rtol: flags.rtol ?? defaultTolerance.rtol,
    atol: flags.atol ?? defaultTolerance.atol,
  };
}

/** Expected outputs in the graph's order. Throws E0533 where one is missing. */
export function readExpected(session: Session, model: OnnxModel, file: string): RuntimeValue[] {
  const names = model.graph.outputs.map((o) => o.name);
  const values = outputsFrom(readArchive(session, file), names);
  return values.map((v, i) => {
    if (v !== undefined) return v;
    const type = model.graph.outputs[i]?.type;
    if (type?.kind === "sequence") return { kind: "sequence", elements: [] };
    if (type?.kind === "optional") return null;
    const what = `"${file}" has no expected value for output "${names[i]}"`;
    throw new Diagnosed(diagnostic("E0533", { what }, "", file));
  });
}
