/** Names that have to be unique, checked alike for both forms of a model. */
import { fail, quote } from "./onnx_error.ts";
import type { OnnxAttribute, OnnxFunction, OnnxInitializer } from "./onnx_model.ts";

/** Throws E0122 or E0123 for initialisers of the graph `graph` without a name or with the same. */
export function checkInitializers(graph: string, initializers: readonly OnnxInitializer[]): void {
  const names = new Set<string>();
  for (const { name } of initializers) {
    if (name === "") fail("E0122", `an initialiser of the graph ${quote(graph)} has no name`);
    if (names.has(name)) fail("E0123", `the initialiser ${quote(name)} is defined twice`);
    names.add(name);
  }
}

/** Throws E0121 where a node has an attribute twice. */
export function checkAttributes(node: string, attributes: readonly OnnxAttribute[]): void {
  if (attributes.length < 2) return;
  const names = new Set<string>();
  for (const { name } of attributes) {
    if (names.has(name)) fail("E0121", `the attribute ${quote(name)} occurs twice`, { node });
    names.add(name);
  }
}

/** Throws E0123 where two functions have the same domain, name and overload. */
export function checkFunctions(functions: readonly OnnxFunction[]): void {
  const ids = new Set<string>();
  for (const { domain, name, overload } of functions) {
    const id = JSON.stringify([domain, name, overload]);
    if (ids.has(id)) fail("E0123", `the function ${quote(name)} of the domain ${quote(domain)} is defined twice`);
    ids.add(id);
  }
}

/** Opset imports by domain; of repeated domains the highest version counts, and `warn` is told. */
export function mergeOpsets(
  imports: readonly (readonly [string, number])[],
  where: string,
  warn: (text: string) => void,
): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const [domain, version] of imports) {
    const known = opsets.get(domain);
    if (known !== undefined && known !== version)
      warn(`${where} imports the domain ${quote(domain || "ai.onnx")} twice; the higher version counts`);
    opsets.set(domain, Math.max(version, known ?? version));
  }
  return opsets;
}
