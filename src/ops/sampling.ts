/** Samples between elements, in the reference semantics: which elements, and with what weights. */
import { roundHalfEven } from "./requantize.ts";
import { indices } from "./window.ts";

export type Interpolation = "nearest" | "linear" | "cubic";
export type Outside = "zeros" | "border" | "reflection";

/** Elements along one axis with their weights; −1 stands for an element outside that is 0. */
export type Taps = readonly (readonly [at: number, weight: number])[];

/** The taps at `place` of an axis. `aligned`: the border is at the centres of the outer elements, not at their edges. */
export function tapsAt(place: number, extent: number, mode: Interpolation, outside: Outside, aligned: boolean): Taps {
  const border = aligned ? ([0, extent - 1] as const) : ([-0.5, extent - 0.5] as const);
  // So far outside that more makes no difference, and finite.
  const finite = Math.min(Math.max(place, -1e15), 1e15);
  const at = mode === "nearest" ? roundHalfEven(finite) : finite;
  const [first, part] = [Math.floor(at), at - Math.floor(at)];
  const element = (i: number): number => elementAt(i, extent, border, outside);
  if (mode === "nearest") return [[element(at), 1]];
  if (mode === "linear")
    return [
      [element(first), 1 - part],
      [element(first + 1), part],
    ];
  return cubicWeights(part, -0.75).map((weight, i) => [element(first - 1 + i), weight] as const);
}

function elementAt(i: number, extent: number, border: readonly [number, number], outside: Outside): number {
  if (extent === 0) return -1;
  if (outside === "zeros") return i >= 0 && i < extent ? i : -1;
  const at = outside === "border" ? i : reflect(i, border);
  return Math.trunc(Math.min(Math.max(at, 0), extent - 1));
}

/** A place mirrored at the borders until it lies between them. */
function reflect(place: number, [low, high]: readonly [number, number]): number {
  const range = high - low;
  if (range <= 0 || !Number.isFinite(place)) return low;
  const around = (place - low) % (2 * range);
  const distance = around < 0 ? around + 2 * range : around;
  return low + Math.min(distance, 2 * range - distance);
}

/** Weights of the four elements around a place `part` behind the second (Keys 1981, equation 4). */
export function cubicWeights(part: number, a: number): readonly number[] {
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(part + 1), near(part), near(1 - part), far(2 - part)];
}

/** Offsets and weights of all elements of an array that taps along each axis select; those that are 0 left out. */
export function eachTap(
  taps: readonly Taps[],
  extents: readonly number[],
  f: (offset: number, weight: number) => void,
): void {
  for (const index of indices(taps.map((t) => t.length))) {
    let [offset, weight] = [0, 1];
    for (let axis = 0; axis < taps.length && offset >= 0; axis++) {
      const [at, w] = (taps[axis] as Taps)[index[axis] as number] as readonly [number, number];
      offset = at < 0 ? -1 : offset * (extents[axis] as number) + at;
      weight *= w;
    }
    if (offset >= 0) f(offset, weight);
  }
}
