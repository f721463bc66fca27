/** Attributes that later versions of an operator take as inputs: what many adapters share. */
import type { Builder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import type { ImportNode } from "../ir/op_def.ts";

/** Beyond 2⁵³ integers only mean "to the end": they become the last that a number holds exactly. */
const saturated = (v: bigint | number): number =>
  Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Number(v)));

/** The integers of a list attribute, or undefined where the node has none. */
export function integersOf(node: ImportNode, name: string): readonly number[] | undefined {
  const a = node.attributes.find((x) => x.name === name);
  return a && "value" in a && Array.isArray(a.value)
    ? (a.value as readonly (bigint | number)[]).map(saturated)
    : undefined;
}

/** The node without some of its attributes. */
export const withoutAttributes = (node: ImportNode, ...names: readonly string[]): ImportNode => ({
  ...node,
  attributes: node.attributes.filter((a) => !names.includes(a.name)),
});

/** The node with an input at `position`; those before it that it lacks are absent. */
export function withInput(node: ImportNode, position: number, value: Value | undefined): ImportNode {
  const inputs = Array.from({ length: Math.max(node.inputs.length, position + 1) }, (_, i) => node.inputs[i]);
  inputs[position] = value;
  while (inputs.length > 0 && inputs.at(-1) === undefined) inputs.pop();
  return { ...node, inputs };
}

/** The list attribute `name` as the i64 input at `position`, absent where the node has no such attribute. */
export function asInput(node: ImportNode, name: string, position: number, b: Builder): ImportNode {
  const values = integersOf(node, name);
  return withInput(withoutAttributes(node, name), position, values && b.int64s(values));
}
