/** By how much `y` grows when `x` grows by one: of the straight line with the least squares. `NaN` of fewer than two points. */
export function slope(points: readonly Readonly<{ x: number; y: number }>[]): number {
  const mean = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  let covariance = 0;
  let variance = 0;
  for (const { x, y } of points) {
    covariance += (x - mean) * y;
    variance += (x - mean) ** 2;
  }
  return covariance / variance;
}
