/** Small dense linear algebra: matrices of a few dozen rows, as arrays of rows. */

/** Lower triangle L of A = L·Lᵀ. @throws RangeError where A is not positive definite. */
export function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const lower: number[][] = matrix.map(() => []);
  matrix.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      let rest = row[j] as number;
      for (let k = 0; k < j; k++) rest -= (lower[i]?.[k] as number) * (lower[j]?.[k] as number);
      if (i === j && !(rest > 0)) throw new RangeError('a precision must be positive definite');
      (lower[i] as number[])[j] = i === j ? Math.sqrt(rest) : rest / (lower[j]?.[j] as number);
    }
  });
  return lower;
}

/** x of A·x = right, A symmetric and positive definite. @throws RangeError where it is not. */
export function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const lower = cholesky(matrix);
  const half: number[] = [];
  right.forEach((value, i) => {
    const known = half.reduce((sum, each, k) => sum + each * (lower[i]?.[k] as number), 0);
    half.push((value - known) / (lower[i]?.[i] as number));
  });
  const found: number[] = new Array(right.length).fill(0);
  for (let i = right.length - 1; i >= 0; i--) {
    let rest = half[i] as number;
    for (let k = i + 1; k < right.length; k++) rest -= (found[k] as number) * (lower[k]?.[i] as number);
    found[i] = rest / (lower[i]?.[i] as number);
  }
  return found;
}

export const dot = (one: readonly number[], other: readonly number[]): number =>
  one.reduce((sum, each, k) => sum + each * (other[k] as number), 0);

export const multiply = (matrix: readonly (readonly number[])[], vector: readonly number[]): number[] =>
  matrix.map((row) => dot(row, vector));
