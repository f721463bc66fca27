/** Seeded values that fit a model's inputs: to see that it runs and how fast, not to judge its results. */

import type { DimBinding } from "../frontend/import_graph.ts";
import type { OnnxType, OnnxValueInfo } from "../frontend/onnx_model.ts";
import { roundTo } from "../ir/bits.ts";
import { bitsOf, type DType, isBig, kindOf } from "../ir/dtype.ts";
import { allocate, type RuntimeValue, sizeOf, type Tensor } from "../ir/tensor.ts";

/** Sizes of symbolic extents, and those that had to be made up. */
export interface Sizes {
  of(name: string | undefined, fallback: string): number;
  readonly assumed: ReadonlySet<string>;
}

/** A symbol has the size that `--dim` gives it (of a range, the least), or 1. */
export function sizesFrom(dims: ReadonlyMap<string, DimBinding>): Sizes {
  const assumed = new Set<string>();
  return {
    assumed,
    of(name, fallback) {
      const binding = (name === undefined ? undefined : dims.get(name)) ?? dims.get(fallback);
      if (binding !== undefined) return typeof binding === "number" ? binding : binding.min;
      assumed.add(name ?? fallback);
      return 1;
    },
  };
}

/** A value for each input: floats normal around 0, integers from 0 to 3, booleans either way, texts of one letter. */
export function randomInputs(inputs: readonly OnnxValueInfo[], seed: number, sizes: Sizes): RuntimeValue[] {
  const next = generator(seed);
  return inputs.map((info) => draw(info.type, info.name, next, sizes));
}

function draw(type: OnnxType | undefined, name: string, next: () => number, sizes: Sizes): RuntimeValue {
  switch (type?.kind) {
    case "tensor":
    case "sparse": {
      const shape = (type.shape ?? []).map((d, axis) => (typeof d === "number" ? d : sizes.of(d, `${name}_${axis}`)));
      return randomTensor(type.dtype, shape, next);
    }
    case "sequence":
      return { kind: "sequence", elements: [0, 1].map(() => draw(type.element, name, next, sizes)) };
    case "optional":
      return draw(type.element, name, next, sizes);
    case "map":
      return {
        kind: "map",
        keys: { dtype: type.key, shape: [1], data: randomTensor(type.key, [1], next).data },
        values: draw(type.value, name, next, sizes),
      };
    case undefined:
      return null;
  }
}

function randomTensor(dtype: DType, shape: readonly number[], next: () => number): Tensor {
  const data = allocate(dtype, sizeOf(shape));
  const narrow = kindOf(dtype) === "float" && bitsOf(dtype) < 32;
  for (let i = 0; i < data.length; i++) {
    const x = element(dtype, next);
    (data as unknown[])[i] = narrow ? roundTo(dtype, x as number) : x;
  }
  return { dtype, shape, data };
}

function element(dtype: DType, next: () => number): number | bigint | string {
  if (dtype === "string") return String.fromCharCode(97 + Math.floor(26 * next()));
  if (dtype === "bool") return next() < 0.5 ? 0 : 1;
  if (isBig(dtype)) return BigInt(Math.floor(4 * next()));
  if (kindOf(dtype) === "int" || kindOf(dtype) === "uint")
    return Math.floor(next() * Math.min(4, 2 ** (bitsOf(dtype) - 1)));
  return normal(next);
}

/** Box and Muller, A note on the generation of random normal deviates, 1958. */
const normal = (next: () => number): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

/** Uniform numbers in [0, 1): xorshift32 (Marsaglia 2003) started from a mixed seed. */
function generator(seed: number): () => number {
  let state = (Math.imul(seed + 1, 0x9e3779b1) ^ 0x85ebca6b) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
