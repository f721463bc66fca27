/** What a model is: inputs, outputs, operators, sizes. As data, and as text for people. */

import { byteText, grouped } from "../codegen/rust.ts";
import type { Compiled } from "../compile.ts";
import type { OnnxDim, OnnxGraph, OnnxModel, OnnxNode, OnnxType, OnnxValueInfo } from "../frontend/onnx_model.ts";
import { add, type Dim, dimText } from "../ir/dim.ts";
import { walk } from "../ir/graph.ts";
import { named } from "../ir/op_def.ts";
import { sizeOf } from "../ir/tensor.ts";
import { onnxTypeText, requiredInputs } from "./inputs.ts";

export interface PortFacts {
  readonly name: string;
  readonly type: string;
  /** Of tensors: the element type and the extents, names for symbolic ones, null for unknown ones. */
  readonly dtype?: string;
  readonly shape?: readonly (number | string | null)[] | null;
}

/** What the file tells, without compiling. */
export interface FileFacts {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly PortFacts[];
  readonly outputs: readonly PortFacts[];
  readonly dims: readonly string[];
  readonly nodes: number;
  readonly operators: Readonly<Record<string, number>>;
  readonly functions: number;
  readonly parameters: number;
  readonly metadata: Readonly<Record<string, string>>;
}

export function fileFacts(model: OnnxModel): FileFacts {
  const operators = new Map<string, number>();
  let parameters = 0;
  visitGraphs(model, (graph) => {
    for (const i of graph.initializers) parameters += sizeOf(i.literal.shape);
    for (const node of graph.nodes) {
      const name = node.domain === "" ? node.opType : `${node.domain}.${node.opType}`;
      operators.set(name, (operators.get(name) ?? 0) + 1);
      parameters += constantSize(node);
    }
  });
  const inputs = requiredInputs(model);
  return {
    irVersion: model.irVersion,
    producer: `${model.producer} ${model.producerVersion}`.trim(),
    opsets: Object.fromEntries([...model.opsets].map(([domain, v]) => [domain || "ai.onnx", v])),
    inputs: inputs.map(portFacts),
    outputs: model.graph.outputs.map(portFacts),
    dims: [...new Set(inputs.flatMap((i) => dimNames(i)))],
    nodes: [...operators.values()].reduce((a, b) => a + b, 0),
    operators: Object.fromEntries([...operators].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))),
    functions: model.functions.length,
    parameters,
    metadata: Object.fromEntries(model.metadata),
  };
}

/** The main graph, the graphs inside of its nodes, and functions' bodies. */
function visitGraphs(model: OnnxModel, visit: (g: Pick<OnnxGraph, "nodes" | "initializers">) => void): void {
  const pending: Pick<OnnxGraph, "nodes" | "initializers">[] = [
    model.graph,
    ...model.functions.map((f) => ({ nodes: f.nodes, initializers: [] })),
  ];
  for (let g = pending.pop(); g; g = pending.pop()) {
    visit(g);
    for (const a of g.nodes.flatMap((n) => n.attributes)) {
      if (a.kind === "graph") pending.push(a.value);
      if (a.kind === "graphs") pending.push(...a.value);
    }
  }
}

function constantSize(node: OnnxNode): number {
  if (node.opType !== "Constant" || node.domain !== "") return 0;
  return node.attributes.reduce(
    (n, a) => n + (a.kind === "tensor" || a.kind === "sparse_tensor" ? sizeOf(a.value.shape) : 0),
    0,
  );
}

const portFacts = (info: OnnxValueInfo): PortFacts => ({
  name: info.name,
  type: onnxTypeText(info.type),
  ...(info.type?.kind === "tensor"
    ? { dtype: info.type.dtype, shape: info.type.shape?.map((d) => d ?? null) ?? null }
    : {}),
});

/** Names that `--dim` takes: those of the file, and INPUT_AXIS for extents without one. */
function dimNames(info: OnnxValueInfo): string[] {
  const names = (type: OnnxType | undefined): string[] => {
    if (type?.kind === "tensor" || type?.kind === "sparse")
      return (type.shape ?? []).flatMap((d: OnnxDim, axis) =>
        typeof d === "number" ? [] : [d ?? `${info.name}_${axis}`],
      );
    return type?.kind === "sequence" || type?.kind === "optional" ? names(type.element) : [];
  };
  return names(info.type);
}

/** What compiling tells besides. */
export interface CompiledFacts {
  /** A number, or an expression over the symbolic dimensions. */
  readonly macs: number | string;
  readonly steps: number;
  readonly bytes: { readonly arena: number; readonly arenaLowerBound: number; readonly weights: number };
}

export function compiledFacts({ program, plan, module }: Compiled): CompiledFacts {
  let macs: Dim = 0;
  for (const op of walk(program.main))
    if (op.def.macs) macs = add(macs, op.def.macs(named(op.def.inputs, op.inputs), op.attrs, op.outputs));
  return {
    macs: typeof macs === "number" ? macs : dimText(macs),
    steps: plan.steps.filter((s) => s.kind !== "view").length,
    bytes: { arena: plan.arenaBytes, arenaLowerBound: plan.lowerBoundBytes, weights: module.weightBytes },
  };
}

/** All of it for people; lines of a model's text are made safe by the caller. */
export function factsText(facts: FileFacts, compiled: CompiledFacts | undefined): string {
  const operators = Object.entries(facts.operators).map(([name, n]) => `${name} ${n}`);
  const rows: [string, string][] = [
    ["producer", facts.producer || "unknown"],
    [
      "opsets",
      Object.entries(facts.opsets)
        .map(([domain, v]) => `${domain} ${v}`)
        .join(", "),
    ],
    ...facts.inputs.map((p): [string, string] => ["input", `${p.name}: ${p.type}`]),
    ...facts.outputs.map((p): [string, string] => ["output", `${p.name}: ${p.type}`]),
    ...(facts.dims.length > 0 ? [["dims", facts.dims.join(", ")] as [string, string]] : []),
    ["nodes", `${grouped(facts.nodes)}: ${operators.join(", ")}`],
    ...(facts.functions > 0 ? [["functions", String(facts.functions)] as [string, string]] : []),
    ["parameters", grouped(facts.parameters)],
    ...(compiled ? compiledRows(compiled) : []),
  ];
  const width = Math.max(...rows.map(([k]) => k.length));
  return rows.map(([k, v]) => `${k.padEnd(width)}  ${v}`).join("\n");
}

function compiledRows({ macs, steps, bytes }: CompiledFacts): [string, string][] {
  return [
    ["MACs", typeof macs === "number" ? grouped(macs) : macs],
    ["steps", grouped(steps)],
    ["constants", byteText(bytes.weights)],
    ["arena", `${byteText(bytes.arena)} (lower bound ${byteText(bytes.arenaLowerBound)})`],
  ];
}
