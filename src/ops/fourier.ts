/**
 * Fourier transforms of the reference semantics: radix 2 for powers of two, Bluestein's convolution for other lengths.
 *
 * Sources: Cooley & Tukey 1965; Bluestein 1970.
 */
import { add, type Dim, isStatic, mul } from "../ir/dim.ts";

export interface Line {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export const line = (n: number): Line => ({ re: new Float64Array(n), im: new Float64Array(n) });

const radix2Length = (n: number): number => {
  let m = 1;
  while (m < n) m *= 2;
  return m;
};

/** `X[k] = Σₙ x[n]·e^(−2πikn/N)`, in place; the inverse with + and 1/N. */
export function transform({ re, im }: Line, inverse: boolean): void {
  const n = re.length;
  if (inverse) {
    transform({ re: im, im: re }, false);
    for (const part of [re, im]) for (let i = 0; i < n; i++) part[i] = (part[i] as number) / n;
  } else if (radix2Length(n) === n) radix2(re, im);
  else bluestein(re, im);
}

function radix2(re: Float64Array, im: Float64Array): void {
  const m = re.length;
  for (let i = 0, j = 0; i < m; i++) {
    if (i < j) for (const part of [re, im]) [part[i], part[j]] = [part[j] as number, part[i] as number];
    let bit = m >> 1;
    for (; bit > 0 && j & bit; bit >>= 1) j ^= bit;
    j |= bit;
  }
  for (let half = 1; half < m; half *= 2)
    for (let k = 0; k < half; k++) {
      const angle = (-Math.PI * k) / half;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      for (let p = k; p < m; p += 2 * half) {
        const q = p + half;
        const [a, b] = [re[q] as number, im[q] as number];
        const [x, y] = [a * c - b * s, a * s + b * c];
        re[q] = (re[p] as number) - x;
        im[q] = (im[p] as number) - y;
        re[p] = (re[p] as number) + x;
        im[p] = (im[p] as number) + y;
      }
    }
}

function bluestein(re: Float64Array, im: Float64Array): void {
  const n = re.length;
  const m = radix2Length(2 * n - 1);
  const [signal, filter, chirp] = [line(m), line(m), line(n)];
  for (let k = 0; k < n; k++) {
    const angle = (Math.PI * Number((BigInt(k) * BigInt(k)) % BigInt(2 * n))) / n;
    chirp.re[k] = Math.cos(angle);
    chirp.im[k] = -Math.sin(angle);
    for (const at of [k, (m - k) % m]) {
      filter.re[at] = Math.cos(angle);
      filter.im[at] = Math.sin(angle);
    }
  }
  signal.re.set(re);
  signal.im.set(im);
  multiply(signal, chirp, n);
  transform(signal, false);
  transform(filter, false);
  multiply(signal, filter, m);
  transform(signal, true);
  multiply(signal, chirp, n);
  re.set(signal.re.subarray(0, n));
  im.set(signal.im.subarray(0, n));
}

function multiply(a: Line, b: Line, count: number): void {
  for (let i = 0; i < count; i++) {
    const [x, y] = [a.re[i] as number, a.im[i] as number];
    const [c, d] = [b.re[i] as number, b.im[i] as number];
    a.re[i] = x * c - y * d;
    a.im[i] = x * d + y * c;
  }
}

/** Values of f64 memory that the kernels want for lines of `n`. */
export function fourierScratch(n: Dim): Dim {
  if (!isStatic(n)) return add(mul(24, n), 8);
  const m = radix2Length(n);
  return m === n ? 3 * n : 5 * radix2Length(2 * n - 1) + 4 * n;
}
