/** Nodes in an order in which each runs after those that it needs: exporters do not always write them so. */
import { fail } from "../diagnostics/report.ts";
import type { OnnxGraph, OnnxNode } from "./onnx_model.ts";

/**
 * A stable topological order: nodes that stand in order stay as they are. `known` tells of names defined outside of the
 * list. A cycle is E0154; names that nothing defines are left for whoever resolves them.
 */
export function inOrder(nodes: readonly OnnxNode[], known: (name: string) => boolean): readonly OnnxNode[] {
  const maker = new Map<string, number>();
  nodes.forEach((n, i) => {
    for (const o of n.outputs) if (o !== "" && !maker.has(o)) maker.set(o, i);
  });
  const needs = nodes.map((n) =>
    [
      ...new Set(
        uses(n)
          .filter((name) => !known(name))
          .map((name) => maker.get(name)),
      ),
    ].filter((i) => i !== undefined),
  );
  const state = new Uint8Array(nodes.length); // 0 untouched, 1 on the path, 2 placed
  const order: OnnxNode[] = [];
  for (let root = 0; root < nodes.length; root++) {
    const path = [{ node: root, next: 0 }];
    if (state[root] === 2) continue;
    state[root] = 1;
    while (path.length > 0) {
      const top = path.at(-1) as { node: number; next: number };
      const need = needs[top.node]?.[top.next++];
      if (need === undefined) {
        state[top.node] = 2;
        order.push(nodes[top.node] as OnnxNode);
        path.pop();
      } else if (state[need] === 1) {
        const cycle = path.slice(path.findIndex((p) => p.node === need)).map((p) => nameOf(nodes[p.node] as OnnxNode));
        fail("E0154", { cycle: [...cycle, cycle[0]].join(" → ") }, cycle[0]);
      } else if (state[need] === 0) {
        state[need] = 1;
        path.push({ node: need, next: 0 });
      }
    }
  }
  return order;
}

const nameOf = (n: OnnxNode): string => n.name || (n.outputs[0] ?? n.opType);

/** Names that a node reads, those inside its subgraphs that come from outside included. */
export function uses(node: OnnxNode): string[] {
  const names = node.inputs.filter((i) => i !== "");
  for (const a of node.attributes) {
    if (a.kind === "graph") names.push(...free(a.value));
    if (a.kind === "graphs") for (const g of a.value) names.push(...free(g));
  }
  return names;
}

function free(graph: OnnxGraph): string[] {
  const own = new Set([
    ...graph.inputs.map((i) => i.name),
    ...graph.initializers.map((i) => i.name),
    ...graph.nodes.flatMap((n) => n.outputs),
  ]);
  return [...graph.nodes.flatMap(uses), ...graph.outputs.map((o) => o.name)].filter((name) => !own.has(name));
}
