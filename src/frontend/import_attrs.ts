/** ONNX attributes checked against an operator's declaration. */
import { fail } from "../diagnostics/report.ts";
import type { AnyOpDef, AttrSpecs } from "../ir/op_def.ts";
import type { OnnxAttribute, OnnxGraph } from "./onnx_model.ts";

/** Attributes that old opsets have and that mean nothing: `consumed_inputs` was an in-place hint until opset 6. */
const obsolete = new Set(["consumed_inputs"]);

export const withoutObsolete = (attributes: readonly OnnxAttribute[], opset: number): readonly OnnxAttribute[] =>
  opset < 6 ? attributes.filter((a) => !obsolete.has(a.name)) : attributes;

export interface ImportedAttrs {
  /** By declared name, defaults filled in. */
  readonly attrs: Record<string, unknown>;
  readonly graphs: ReadonlyMap<string, OnnxGraph>;
}

/** Unknown attributes are errors: they might change what the operator computes. */
export function importAttrs(
  def: AnyOpDef,
  attributes: readonly OnnxAttribute[],
  opset: number,
  node: string,
): ImportedAttrs {
  const op = def.onnx?.type ?? def.name;
  const specs = def.attrs as AttrSpecs;
  const graphs = new Map<string, OnnxGraph>();
  const given = new Map<string, unknown>();
  for (const a of attributes) {
    if (a.kind === "graph" && def.regions?.names.includes(a.name)) {
      graphs.set(a.name, a.value);
      continue;
    }
    const spec = Object.hasOwn(specs, a.name) ? specs[a.name] : undefined;
    if (!spec || spec.kind === "internal")
      fail("E0156", { op, name: a.name, opset, known: publicNames(def).join(", ") }, node);
    const value = spec.fromOnnx(a);
    if (value === undefined) fail("E0157", { op, name: a.name, expected: spec.expected }, node);
    given.set(a.name, value);
  }
  const attrs: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(specs)) {
    if (spec.required && !given.has(name)) fail("E0158", { op, what: `attribute ${name}` }, node);
    attrs[name] = given.has(name) ? given.get(name) : spec.default;
  }
  return { attrs, graphs };
}

const publicNames = (def: AnyOpDef): string[] => [
  ...Object.entries(def.attrs as AttrSpecs)
    .filter(([, s]) => s.kind !== "internal")
    .map(([name]) => name),
  ...(def.regions?.names ?? []),
];
