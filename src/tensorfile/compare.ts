/**
 * Comparing results with what is expected, as ONNX's suite does and stricter: dtype and shape exact, NaN equals NaN,
 * `|found − expected| ≤ atol + rtol · |expected|`, strings and narrow types exact, sequences by length and element.
 */
import { bitsOf, isBig, kindOf } from "../ir/dtype.ts";
import { isTensor, type RuntimeValue, sizeOf, type Tensor } from "../ir/tensor.ts";

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

export interface Difference {
  /** What is wrong, in words; undefined when within tolerance. */
  readonly problem: string | undefined;
  readonly maxAbs: number;
  /** Largest |found − expected| / |expected| where expected ≠ 0. */
  readonly maxRel: number;
}

const same: Difference = { problem: undefined, maxAbs: 0, maxRel: 0 };
const wrong = (problem: string): Difference => ({ problem, maxAbs: Number.NaN, maxRel: Number.NaN });

export function compareValues(
  found: RuntimeValue | undefined,
  expected: RuntimeValue,
  tolerance: Tolerance,
): Difference {
  if (found === undefined) return wrong("missing");
  if (expected === null || found === null)
    return expected === found ? same : wrong(`expected ${describe(expected)}, found ${describe(found)}`);
  if (isTensor(expected))
    return isTensor(found)
      ? compareTensors(found, expected, tolerance)
      : wrong(`expected ${describe(expected)}, found ${describe(found)}`);
  if (isTensor(found) || found.kind !== expected.kind)
    return wrong(`expected ${describe(expected)}, found ${describe(found)}`);
  if (expected.kind === "map") {
    const f = found as typeof expected;
    return worst([
      compareValues(f.keys, expected.keys, tolerance),
      compareValues(f.values, expected.values, tolerance),
    ]);
  }
  const elements = (found as typeof expected).elements;
  if (elements.length !== expected.elements.length)
    return wrong(`expected ${expected.elements.length} elements, found ${elements.length}`);
  return worst(expected.elements.map((e, i) => compareValues(elements[i], e, tolerance)));
}

const worst = (parts: readonly Difference[]): Difference => ({
  problem: parts.find((p) => p.problem !== undefined)?.problem,
  maxAbs: Math.max(0, ...parts.map((p) => p.maxAbs)),
  maxRel: Math.max(0, ...parts.map((p) => p.maxRel)),
});

function describe(v: RuntimeValue): string {
  if (v === null) return "nothing";
  if (isTensor(v)) return `${v.dtype}[${v.shape.join(", ")}]`;
  return v.kind === "map" ? "a map" : `a sequence of ${v.elements.length}`;
}

export function compareTensors(found: Tensor, expected: Tensor, { rtol, atol }: Tolerance): Difference {
  if (
    found.dtype !== expected.dtype ||
    found.shape.length !== expected.shape.length ||
    found.shape.some((d, i) => d !== expected.shape[i])
  )
    return wrong(`expected ${describe(expected)}, found ${describe(found)}`);
  const exact =
    kindOf(expected.dtype) === "string" ||
    isBig(expected.dtype) ||
    expected.dtype === "bool" ||
    expected.dtype === "bf16" ||
    bitsOf(expected.dtype) <= 4 ||
    expected.dtype.startsWith("f8");
  let maxAbs = 0;
  let maxRel = 0;
  let first = -1;
  let count = 0;
  const n = sizeOf(expected.shape);
  for (let i = 0; i < n; i++) {
    const [x, y] = [found.data[i], expected.data[i]];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    const [a, b] = [Number(x), Number(y)];
    const d = Math.abs(a - b);
    maxAbs = Math.max(maxAbs, d);
    if (b !== 0) maxRel = Math.max(maxRel, d / Math.abs(b));
    if (!exact && d <= atol + rtol * Math.abs(b)) continue;
    if (first < 0) first = i;
    count++;
  }
  if (first < 0) return { problem: undefined, maxAbs, maxRel };
  return {
    problem: `${count} of ${n} elements differ; first at ${first}: expected ${String(expected.data[first])}, found ${String(found.data[first])}`,
    maxAbs,
    maxRel,
  };
}
