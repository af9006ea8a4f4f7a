/** A curve of many steps as one of few points. */

/** The values as they are where they are few; else `most` means of equal stretches (within one value), in order. */
export function thinCurve(values: readonly number[], most: number): number[] {
  if (values.length <= most) return [...values];
  return Array.from({ length: most }, (_, at) => {
    const [start, end] = [at, at + 1].map((edge) => Math.floor((edge * values.length) / most)) as [number, number];
    const part = values.slice(start, end);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
