/** IEEE 754 binary16 bit patterns to and from numbers. Rounding is to nearest, ties to even. */

const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** The value of a binary16 bit pattern. Exact; NaN payloads are not kept. */
export function f16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The binary16 bit pattern nearest to `x` (overflow is ±inf, NaN is 0x7e00). `x` is rounded once. */
export function f16Bits(x: number): number {
  if (Number.isNaN(x)) return 0x7e00;
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (a >= 65520) return sign | 0x7c00; // 65504 + half a step: ties go up to infinity
  if (a < 2 ** -14) return sign | roundHalfEven(a * 2 ** 24); // subnormal; 1024 is the smallest normal, as it should be
  const exponent = exponentOf(a);
  return sign | (((exponent + 14) << 10) + roundHalfEven(a * 2 ** (10 - exponent)));
}

/** The binary exponent of a positive number in the range of binary16's normals. */
function exponentOf(a: number): number {
  scratch[0] = a; // may round up to the next power of two, so look again
  const e = ((scratchBits[0] as number) >> 23) - 127;
  return a < 2 ** e ? e - 1 : e;
}

function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
}
