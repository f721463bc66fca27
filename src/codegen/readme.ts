/** What the README of a generated crate says: inputs, outputs, sizes, and how to call the library. */
import { type Dim, evaluateDim, symbolsOf } from "../ir/dim.ts";
import { type DType, isFloat } from "../ir/dtype.ts";
import type { Program } from "../ir/graph.ts";
import type { Plan } from "../ir/plan.ts";
import { sizeOf } from "../ir/tensor.ts";
import { typeText } from "../ir/types.ts";
import type { Module } from "./emit.ts";
import { formOf, interfaceOf, type Port } from "./interface.ts";
import { byteText, commentText, elementType, integerLiteral } from "./rust.ts";

export function readmeView(program: Program, plan: Plan, module: Module, crate: string): object {
  const io = interfaceOf(program);
  const row = (p: Port): string =>
    `| \`${p.field}\` | \`${commentText(p.name)}\` | \`${commentText(typeText(p.type))}\` |`;
  return {
    title: commentText(program.main.name),
    inputs: io.inputs.map(row),
    outputs: io.outputs.map(row),
    weights: byteText(module.weightBytes),
    arena: byteText(plan.arenaBytes),
    where: module.embedded ? "part of the program" : "read from `weights.bin` when the program starts",
    example: example(io.inputs, io.outputs, module.embedded, crate),
  };
}

/** A program that runs the model on zeros; symbolic sizes are 1. */
function example(inputs: readonly Port[], outputs: readonly Port[], embedded: boolean, crate: string): string {
  const model = embedded ? "Model::new()" : 'Model::with_weights(&std::fs::read("weights.bin")?)?';
  const lines = [
    `use ${crate}::{rt, Inputs, Model, Workspace};`,
    "",
    "fn main() -> Result<(), Box<dyn std::error::Error>> {",
    `    let model = ${model};`,
    "    let mut workspace = Workspace::with_threads(1);",
    ...inputs.map((p) => `    let ${p.field} = ${zeros(p)};`),
    `    let inputs = Inputs {${inputs.map((p) => ` ${p.field}: ${borrowed(p)}`).join(",")}${inputs.length > 0 ? " " : ""}};`,
    `    let ${outputs.length > 0 ? "outputs" : "_outputs"} = model.run(&mut workspace, &inputs)?;`,
    ...outputs.slice(0, 1).map((p) => `    println!("{:?}", outputs.${p.field});`),
    "    Ok(())",
    "}",
  ];
  const text = lines.join("\n");
  return /\brt::/.test(text) ? text : text.replace("{rt, ", "{");
}

function zeros(p: Port): string {
  if (p.type.kind !== "tensor") return p.type.kind === "sequence" ? "Vec::new()" : "Default::default()";
  if (p.type.shape === undefined) return `rt::Tensor::from_slice(&[], &[${zero(p.type.dtype)}])`;
  return `vec![${zero(p.type.dtype)}; ${integerLiteral(sizeOf(p.type.shape.map(extent)))}]`;
}

function zero(dtype: DType): string {
  const type = elementType(dtype);
  if (dtype === "f32" || dtype === "f64") return `0.0${dtype}`;
  if (dtype === "string") return "String::new()";
  if (dtype === "bool") return "rt::Bool(0)";
  if (type.startsWith("rt::")) return isFloat(dtype) || !type.startsWith("rt::C") ? `${type}(0)` : `${type}::default()`;
  return `0${dtype}`;
}

function borrowed(p: Port): string {
  switch (formOf(p.type)) {
    case "array":
      return `${p.field}[..].try_into()?`;
    case "view": {
      const { shape } = p.type as { shape: readonly Dim[] };
      return `rt::View { data: &${p.field}, shape: [${shape.map(extent).join(", ")}] }`;
    }
    default:
      return `&${p.field}`;
  }
}

/** The extent where all symbols are 1. */
function extent(d: Dim): number {
  const ones = new Map([...symbolsOf(d)].map((name) => [name, 1] as const));
  return evaluateDim(d, ones) ?? 1;
}
