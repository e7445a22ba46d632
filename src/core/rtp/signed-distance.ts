/** How far `to` lies after `from` on a circle of `range` steps, as counters that wrap are: −range/2 up to range/2 − 1. */
export function signedDistance(from: number, to: number, range: number): number {
  const half = range / 2;
  const forward = (((to - from) % range) + range) % range;
  return forward >= half ? forward - range : forward;
}
