/** Extents and padding of sliding windows, as expressions and counted by hand. */
import { expect, test } from "vitest";
import { type Dim, dimText, evaluateDim, symbol } from "../ir/dim.ts";
import { accepted, slidingWindow, type WindowAttrs } from "./window.ts";

const n = symbol("N");
type Attrs = Partial<Omit<WindowAttrs, "kernel_shape">>;
const window = (extent: Dim, kernel: number, attrs: Attrs, ceil = false) =>
  slidingWindow(
    [extent],
    [kernel],
    { auto_pad: "NOTSET", dilations: [], pads: [], strides: [], ...attrs },
    accepted,
    ceil,
  );

/** Kernel, attributes, whether the last window may be cut short, and the number of positions. */
const readable: readonly (readonly [number, Attrs, boolean, string])[] = [
  [1, {}, false, "N"],
  [3, { pads: [1, 1] }, false, "N"],
  [3, {}, false, "N - 2"],
  [2, { strides: [2] }, false, "(N/2)"],
  [3, { pads: [1, 1], strides: [2] }, false, "((N + 1)/2)"],
  [3, { dilations: [2], pads: [2, 2] }, false, "N"],
  [3, { auto_pad: "SAME_UPPER" }, false, "N"],
  [3, { auto_pad: "SAME_LOWER", strides: [2] }, false, "((N + 1)/2)"],
  [3, { auto_pad: "VALID", strides: [3] }, false, "(N/3)"],
  [2, { strides: [2] }, true, "((N + 1)/2)"],
  [3, { pads: [0, 1], strides: [2] }, true, "((N + 1)/2)"],
];
for (const [kernel, attrs, ceil, expected] of readable)
  test(`a window of ${kernel} with ${JSON.stringify(attrs)}${ceil ? ", cut short" : ""} has ${expected} positions`, () => {
    expect(window(n, kernel, attrs, ceil).output.map(dimText)).toEqual([expected]);
  });

/**
 * Positions of windows that start at multiples of the stride and fit; where the last may be cut short it counts, but none
 * that starts behind the input.
 */
function countByHand(
  extent: number,
  kernel: number,
  stride: number,
  dilation: number,
  pads: readonly number[],
  ceil: boolean,
): number {
  const [begin, end] = pads as [number, number];
  const reach = (kernel - 1) * dilation + 1;
  let count = 0;
  for (let start = 0; ; start += stride) {
    const fits = start + reach <= extent + begin + end;
    // A window that is cut short is the first that does not fit.
    const cut = ceil && start - stride + reach < extent + begin + end;
    if (ceil && start >= extent + begin) return count;
    if (!fits && !cut) return count;
    count++;
  }
}

test("every window has as many positions as can be counted", () => {
  for (const kernel of [1, 2, 3])
    for (const stride of [1, 2, 3])
      for (const dilation of [1, 2])
        for (const pads of [
          [0, 0],
          [1, 0],
          [0, 2],
          [2, 1],
        ])
          for (const ceil of [false, true]) {
            const attrs = { strides: [stride], dilations: [dilation], pads };
            const [positions] = window(n, kernel, attrs, ceil).output;
            for (let extent = (kernel - 1) * dilation + 1; extent < 14; extent++) {
              const text = `${extent} ${kernel} ${JSON.stringify(attrs)} ${ceil}`;
              const expected = countByHand(extent, kernel, stride, dilation, pads, ceil);
              expect([text, evaluateDim(positions as Dim, new Map([["N", extent]]))]).toEqual([text, expected]);
              expect([text, window(extent, kernel, attrs, ceil).output[0]]).toEqual([text, expected]);
            }
          }
});

test("shared padding covers the last window and is never negative", () => {
  for (const auto_pad of ["SAME_UPPER", "SAME_LOWER"] as const)
    for (const kernel of [1, 2, 3, 4])
      for (const stride of [1, 2, 3, 5])
        for (let extent = 1; extent < 12; extent++) {
          const { begin, end, output } = window(extent, kernel, { auto_pad, strides: [stride] });
          const [before, after, positions] = [begin[0], end[0], output[0]] as [number, number, number];
          expect(positions).toBe(Math.ceil(extent / stride));
          expect(before + after).toBe(Math.max(0, (positions - 1) * stride + kernel - extent));
          expect(auto_pad === "SAME_UPPER" ? after - before : before - after).toBe((before + after) % 2);
        }
});
