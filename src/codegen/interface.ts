/** The typed inputs and outputs of the generated library: fields, types, checks and conversions. */
import { type Dim, dimText, isStatic, symbolName, symbolsOf } from "../ir/dim.ts";
import type { Program, Value } from "../ir/graph.ts";
import { stringText } from "../ir/plan.ts";
import { sizeOf } from "../ir/tensor.ts";
import { type Type, typeText } from "../ir/types.ts";
import { dimRust, type FieldOf } from "./dims.ts";
import { commentText, containerType, elementType, Identifiers, integerLiteral } from "./rust.ts";

export interface Port {
  readonly value: Value;
  /** The model's name. */
  readonly name: string;
  readonly field: string;
  readonly type: Type;
}

export interface Interface {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export function interfaceOf(program: Program): Interface {
  const ports = (values: readonly Value[], names: readonly string[]): Port[] => {
    const ids = new Identifiers();
    return values.map((value, i) => ({
      value,
      name: names[i] as string,
      field: ids.snake(names[i] as string),
      type: value.type,
    }));
  };
  return {
    inputs: ports(program.main.inputs, program.inputNames),
    outputs: ports(program.main.outputs, program.outputNames),
  };
}

/** How the API shows a value: a fixed array, a view with its extents, or a runtime type. */
export type Form = "array" | "view" | "tensor" | "container";

export function formOf(t: Type): Form {
  if (t.kind !== "tensor") return "container";
  if (t.shape === undefined) return "tensor";
  return t.shape.every(isStatic) ? "array" : "view";
}

/** Field type with lifetime `life`. */
export function fieldType(t: Type, life: string): string {
  switch (formOf(t)) {
    case "array": {
      const { dtype, shape } = t as Extract<Type, { kind: "tensor" }>;
      return `&'${life} [${elementType(dtype)}; ${integerLiteral(sizeOf(shape as number[]))}]`;
    }
    case "view": {
      const { dtype, shape } = t as Extract<Type, { kind: "tensor" }>;
      return `rt::View<'${life}, ${elementType(dtype)}, ${(shape as readonly Dim[]).length}>`;
    }
    case "tensor":
      return `&'${life} ${containerType(t)}`;
    case "container":
      return t.kind === "sequence" ? `&'${life} [${containerType(t.element)}]` : `&'${life} ${containerType(t)}`;
  }
}

/** One line of documentation for a field. */
export const fieldDoc = (p: Port): string => `\`${commentText(p.name)}\`: \`${commentText(typeText(p.type))}\`.`;

/**
 * Statements that set the symbols that inputs bring and check all other extents. `dims` is the place of the sizes,
 * `inputs` that of the fields.
 */
export function bindInputs(ports: readonly Port[], program: Program, inputs: string, field: FieldOf): string[] {
  const known = new Set<string>();
  const lines: string[] = [];
  const later: string[] = [];
  for (const p of ports) {
    if (formOf(p.type) !== "view") continue;
    const { shape } = p.type as { shape: readonly Dim[] };
    lines.push(`${inputs}.${p.field}.check(${stringText(p.name)})?;`);
    shape.forEach((d, axis) => {
      const found = `${inputs}.${p.field}.shape[${axis}]`;
      const name = symbolName(d);
      if (name !== undefined && !known.has(name)) {
        known.add(name);
        const bounds = program.bounds.get(name);
        lines.push(
          bounds
            ? `${field(name)} = rt::bounded(${found}, ${bounds.min}, ${bounds.max}, ${stringText(`${dimText(d)} of ${p.name}`)})?;`
            : `${field(name)} = ${found};`,
        );
      } else later.push(`rt::expect_extent(${found}, ${dimRust(d, field)}, ${axis}, ${stringText(p.name)})?;`);
    });
  }
  return [...lines, ...later];
}

/** Symbols that the inputs' shapes mention. */
export function inputSymbols(ports: readonly Port[]): Set<string> {
  const all = new Set<string>();
  for (const p of ports) if (p.type.kind === "tensor") for (const d of p.type.shape ?? []) symbolsOf(d, all);
  return all;
}
