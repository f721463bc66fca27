/** Statistics of the reference semantics of normalisations. */

/** Mean, and one over the square root of the population's variance plus epsilon. */
export function standard(x: Float64Array, epsilon: number): { mean: number; inverse: number } {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length;
  return { mean, inverse: 1 / Math.sqrt(variance + epsilon) };
}
