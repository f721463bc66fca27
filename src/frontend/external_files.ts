/** Which files beside its own a model reads, found in its literals. */
import type { Literal } from "../ir/literal.ts";
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode } from "./onnx_model.ts";

/** Paths of all external data files of `model`, each once, sorted. */
export function externalFiles(model: OnnxModel): string[] {
  const files = new Set<string>();
  const literal = (l: Literal): void => {
    for (const file of l.files ?? []) files.add(file);
  };
  const graph = (g: OnnxGraph): void => {
    for (const i of g.initializers) literal(i.literal);
    nodes(g.nodes);
  };
  const attribute = (a: OnnxAttribute): void => {
    if (a.kind === "tensor" || a.kind === "sparse_tensor") literal(a.value);
    else if (a.kind === "tensors" || a.kind === "sparse_tensors") a.value.forEach(literal);
    else if (a.kind === "graph") graph(a.value);
    else if (a.kind === "graphs") a.value.forEach(graph);
  };
  const nodes = (list: readonly OnnxNode[]): void => {
    for (const node of list) node.attributes.forEach(attribute);
  };
  graph(model.graph);
  for (const f of model.functions) {
    nodes(f.nodes);
    f.attributeDefaults.forEach(attribute);
  }
  return [...files].sort();
}
