/** Features of a comparison's candidates in one space. */
import type { StoredFeatures } from '../encoder/vote-pairs.ts';

/** By candidate. */
export type Vectors = Readonly<Record<string, StoredFeatures>>;

/** Vectors of the space alone, by candidate: null where there are no features at all, false where they are of other spaces. */
export const featuresOf = (
  space: string,
) => `(SELECT json_group_object(a.id, json(CASE WHEN a.features IS NULL THEN 'null' ELSE
    coalesce((SELECT f.value -> '$.values' FROM json_each(a.features) AS f WHERE f.value ->> '$.space' = ${space}), 'false') END))
  FROM candidate AS a WHERE a.project = c.project AND a.comparison = c.id)`;
