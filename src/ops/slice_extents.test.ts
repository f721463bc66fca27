import { expect, test } from "vitest";
import { add, type Dim, dimText, evaluateDim, mul, symbol } from "../ir/dim.ts";
import { sliceAxis } from "./slice_extents.ts";

const n = symbol("N");
const p = symbol("P");
const end = 2 ** 63;

/** Start, end, step, extent of the axis, and the extent of the slice. */
const readable: readonly (readonly [Dim, Dim, number, Dim, string])[] = [
  [0, end, 1, n, "N"],
  [0, 2 ** 31 - 1, 1, n, "N"],
  [-(2 ** 63), end, 1, n, "N"],
  [0, -1, 1, n, "N - 1"],
  [1, end, 1, n, "N - 1"],
  [2, end, 1, n, "N - min(2, N)"],
  [0, -2, 1, n, "N - min(2, N)"],
  [0, 5, 1, n, "min(5, N)"],
  [-1, end, 1, n, "1"],
  [-3, end, 1, n, "min(3, N)"],
  [0, n, 1, n, "N"],
  [0, p, 1, add(p, n), "P"],
  [p, add(p, n), 1, add(p, n), "N"],
  [0, n, 1, 512, "min(512, N)"],
  [0, end, 2, mul(2, n), "N"],
  [1, end, 2, mul(2, n), "N"],
  [0, -1, 1, mul(2, n), "2*N - 1"],
  [1, -1, 1, add(n, 2), "N"],
  [-1, -(2 ** 63), -1, n, "N"],
  [end, -(2 ** 63), -2, mul(2, n), "N"],
  [-2, -(2 ** 63), -1, n, "N - 1"],
  [-9, 0, 1, n, "0"],
  [3, 7, 1, 10, "4"],
];

for (const [start, stop, step, extent, expected] of readable)
  test(`${dimText(start)}:${dimText(stop)}:${step} of ${dimText(extent)} has ${expected} entries`, () => {
    const part = sliceAxis(extent, start, stop, step);
    expect(part && dimText(part.extent)).toBe(expected);
  });

test("the sign of a symbolic end must be known", () => {
  expect(sliceAxis(n, 0, add(p, mul(-1, n)), 1)).toBeUndefined();
  expect(sliceAxis(n, mul(-1, n), end, 1)).toBeUndefined();
});

/** Python's rule, written down independently: the indices that a slice visits. */
function visited(extent: number, start: number, stop: number, step: number): number[] {
  const clamp = (i: number): number => {
    const at = i < 0 ? i + extent : i;
    return step > 0 ? Math.min(Math.max(at, 0), extent) : Math.min(Math.max(at, -1), extent - 1);
  };
  const list: number[] = [];
  for (let i = clamp(start); step > 0 ? i < clamp(stop) : i > clamp(stop); i += step) list.push(i);
  return list;
}

test("every slice of every symbolic extent counts and begins as Python's does", () => {
  const ends = [-end, -7, -3, -2, -1, 0, 1, 2, 3, 6, end];
  for (const start of ends)
    for (const stop of ends)
      for (const step of [1, 2, 3, -1, -2]) {
        const symbolic = sliceAxis(n, start, stop, step);
        for (let extent = 1; extent <= 8; extent++) {
          const list = visited(extent, start, stop, step);
          const bound = (d: Dim | undefined): number | undefined => d && evaluateDim(d, new Map([["N", extent]]));
          const what = `${start}:${stop}:${step} of ${extent}`;
          expect(bound(symbolic?.extent) ?? 0, what).toBe(list.length);
          expect(sliceAxis(extent, start, stop, step)?.extent, what).toBe(list.length);
          const [first] = list;
          if (first !== undefined) expect((bound(symbolic?.origin) ?? 0) - (step < 0 ? 1 : 0), what).toBe(first);
        }
      }
});
