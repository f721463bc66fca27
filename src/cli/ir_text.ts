/** A program of the tensor IR as text, for `inspect`. */
import type { Func, Op, Program, Value } from "../ir/graph.ts";
import { type Type, typeText } from "../ir/types.ts";

export function programText(program: Program): string {
  return funcText(program.main, "").join("\n");
}

function funcText(f: Func, pad: string): string[] {
  const inputs = f.inputs.map((v) => `%${v.name}: ${typeText(v.type)}`).join(", ");
  const results = f.outputs.map((v) => typeText(v.type)).join(", ");
  return [
    `${pad}func ${f.name}(${inputs}) -> (${results}) {`,
    ...f.ops.flatMap((op) => opText(op, `${pad}  `)),
    `${pad}  return ${f.outputs.map(use).join(", ")}`,
    `${pad}}`,
  ];
}

function opText(op: Op, pad: string): string[] {
  const results = op.outputs.map((v) => (v ? `%${v.name}` : "_")).join(", ");
  const attrs = Object.entries(op.attrs)
    .filter(([, v]) => v !== undefined)
    .map(([k, v]) => `${k} = ${attrText(v)}`);
  const attrList = attrs.length > 0 ? ` {${attrs.join(", ")}}` : "";
  const types = op.outputs.map((v) => (v ? typeText(v.type) : "_")).join(", ");
  const origins = op.origins.length > 0 ? `  // ${op.origins.join(" + ")}` : "";
  const line = `${pad}${results} = ${op.def.name}(${op.inputs.map(use).join(", ")})${attrList} : ${types}${origins}`;
  return [line, ...op.regions.flatMap((r) => funcText(r, `${pad}  `))];
}

function use(v: Value | undefined): string {
  if (v === undefined) return "_";
  const { literal } = v;
  if (literal === undefined) return `%${v.name}`;
  if (literal.splat !== undefined) return `${literal.dtype}[${literal.shape.join(", ")}](${String(literal.splat)})`;
  return `@${v.name}: ${literal.dtype}[${literal.shape.join(", ")}]`;
}

function attrText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(attrText).join(", ")}]`;
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null)
    return typeof value === "string" ? JSON.stringify(value) : String(value);
  if ("kind" in value && ["tensor", "sequence", "optional", "map"].includes(String(value.kind)) && !("load" in value))
    return typeText(value as Type);
  return "…";
}
