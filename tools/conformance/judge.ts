/**
 * Whether results are right. By the case's tolerance, but for two kinds of operators, told by what the model contains:
 * random generators, whose stored outputs are one draw of many, are judged by what every draw has in common; Fourier
 * transforms, whose stored outputs hold the noise of a float32 transform where the truth is 0, at atol 1e-6, as ONNX's own
 * test does.
 */
import type { OnnxGraph, OnnxModel } from "../../src/frontend/onnx_model.ts";
import { isTensor, numbers, type RuntimeValue } from "../../src/ir/tensor.ts";
import { compareValues, type Tolerance } from "../../src/tensorfile/compare.ts";

/** Operators whose results are 0 or 1 by chance. */
const chance = new Set(["Bernoulli", "RandomUniformLike"]);

/** The first thing that is wrong, or undefined. */
export function judge(
  model: OnnxModel,
  found: readonly (RuntimeValue | undefined)[],
  expected: readonly RuntimeValue[],
  tolerance: Tolerance,
): string | undefined {
  const ops = operatorsOf(model.graph);
  const random = [...chance].some((op) => ops.has(op));
  const atol = ops.has("DFT") ? Math.max(tolerance.atol, 1e-6) : tolerance.atol;
  for (const [i, e] of expected.entries()) {
    const problem = random ? drawProblem(found[i], e) : compareValues(found[i], e, { ...tolerance, atol }).problem;
    if (problem) return `output ${i}: ${problem}`;
  }
  return undefined;
}

function operatorsOf(graph: OnnxGraph, into = new Set<string>()): Set<string> {
  for (const node of graph.nodes) {
    into.add(node.opType);
    for (const a of node.attributes) if (a.kind === "graph") operatorsOf(a.value, into);
  }
  return into;
}

/** Element type and shape as expected, every element 0 or 1. */
function drawProblem(found: RuntimeValue | undefined, expected: RuntimeValue): string | undefined {
  if (!isTensor(found) || !isTensor(expected)) return "not a tensor";
  if (found.dtype !== expected.dtype || found.shape.join() !== expected.shape.join())
    return `expected ${expected.dtype}[${expected.shape}], found ${found.dtype}[${found.shape}]`;
  return numbers(found).every((x) => x === 0 || x === 1) ? undefined : "an element is neither 0 nor 1";
}
