/**
 * By how much `y` grows when `x` grows by one: the slope of the least-squares line. `NaN` for fewer
 * than two points.
 */
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
