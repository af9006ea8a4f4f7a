/** Features of comparisons that were read before: they never change, and reading them again is most of an embedding's time. */
import type { StoredFeatures } from '../encoder/vote-pairs.ts';
import type { Database } from './database.ts';
import { Recent } from './recent.ts';

/** By candidate. */
export type Vectors = Readonly<Record<string, StoredFeatures>>;

/** 16 MB of numbers: an isolate has 128 MB for everything. */
const MOST_NUMBERS = 2_000_000;

/** Of one database, 2,000,000 numbers at most; the comparisons that were asked for last are kept. */
export class VectorCache extends Recent<Vectors> {
  constructor() {
    super(MOST_NUMBERS, sizeOf);
  }
}

function sizeOf(vectors: Vectors): number {
  return Object.values(vectors).reduce((sum, values) => sum + (values ? values.length : 0), 0);
}

const caches = new WeakMap<object, VectorCache>();

function cacheOf({ $client }: Database): VectorCache {
  const known = caches.get($client) ?? new VectorCache();
  caches.set($client, known);
  return known;
}

/** Vectors of the space alone, by candidate: null where there are no features at all, false where they are of other spaces. */
export const featuresOf = (
  space: string,
) => `(SELECT json_group_object(a.id, json(CASE WHEN a.features IS NULL THEN 'null' ELSE
    coalesce((SELECT f.value -> '$.values' FROM json_each(a.features) AS f WHERE f.value ->> '$.space' = ${space}), 'false') END))
  FROM candidate AS a WHERE a.project = c.project AND a.comparison = c.id)`;

export const VECTORS = `SELECT c.id, ${featuresOf('?2')} AS features
  FROM json_each(?3) AS wanted CROSS JOIN comparison AS c ON c.project = ?1 AND c.id = wanted.value`;

/** What each comparison's candidates are in a space, by comparison; `given`: those that came along with something else. */
export async function findVectors(
  db: Database,
  project: string,
  space: string,
  comparisons: readonly string[],
  given: ReadonlyMap<string, Vectors> = new Map(),
): Promise<Map<string, Vectors>> {
  const cache = cacheOf(db);
  const keyOf = (comparison: string) => `${project} ${space} ${comparison}`;
  const found = new Map(given);
  for (const [id, vectors] of given) cache.keep(keyOf(id), vectors);
  for (const each of comparisons) {
    const known = found.has(each) ? undefined : cache.find(keyOf(each));
    if (known) found.set(each, known);
  }
  const missing = [...new Set(comparisons)].filter((each) => !found.has(each));
  if (missing.length === 0) return found;
  const { results } = await db.$client
    .prepare(VECTORS)
    .bind(project, space, JSON.stringify(missing))
    .all<{ id: string; features: string }>();
  for (const { id, features } of results) {
    const vectors = JSON.parse(features) as Vectors;
    found.set(id, vectors);
    cache.keep(keyOf(id), vectors);
  }
  return found;
}
