/** A column of features beside a row's answers, as `prefloop-runner log-ratios` writes it. */
import { Features } from '../contracts/features.ts';
import { type AnyRow, Unusable } from './row.ts';

/** `{ space, values }` with one vector for each answer of the row, in their order; null = there are none. */
export function readFeatures(value: unknown, column: string, row: AnyRow): Features[] | undefined {
  if (value == null) return undefined;
  const { space, values } = value as { space?: unknown; values?: unknown };
  const answers = 'rated' in row ? row.rated.length : 'steps' in row ? 1 : 2;
  if (!Array.isArray(values) || values.length !== answers) {
    throw new Unusable('wrongType', column, `${column} must be { space, values }, with a vector for each answer`);
  }
  return values.map((vector: unknown) => {
    const read = Features.safeParse({ space, values: vector });
    if (read.success) return read.data;
    const [issue] = read.error.issues;
    throw new Unusable('wrongType', column, `${column}: ${issue?.path.join('.')}: ${issue?.message}`);
  });
}
