/** Everything that judging votes needs to know, read in one round trip whatever their number. */
import type { Content } from '../../shared/contracts/candidate.ts';
import type { ComparisonKind } from '../../shared/contracts/comparison.ts';
import type { NotTrainableReason, PreferenceStatus } from '../../shared/contracts/preference.ts';
import { type Facts, RECIPE_NEEDS, type RecipeNeeds } from '../batches/recipe-needs.ts';
import type { Database } from './database.ts';
import { KNOWN_IMAGES } from './images.ts';
import type { Vote } from './preferences-vote.ts';

export type Split = { holdOut: number; splitBy: 'prompt' | 'user'; recipe: RecipeNeeds };

export type StoredComparison = Split & {
  domain: string;
  kind: ComparisonKind;
  prompt: string;
  group: string | null;
  bodyHash: string;
  user: string | null;
  candidates: { id: string; content: Content }[];
  facts: Facts;
};

export type EarlierVote = {
  seq: number;
  id: string;
  user: string | null;
  comparison: string;
  supersededBy: string | null;
};

export type Gathered = {
  existing: Map<string, { bodyHash: string; status: PreferenceStatus; notTrainable: NotTrainableReason | null }>;
  comparisons: Map<string, StoredComparison>;
  /** Body hashes of comparisons that came with their votes and are stored already. */
  known: Map<string, string>;
  domains: Map<string, Split>;
  earlier: Map<string, EarlierVote>;
  /** Pictures that comparisons sent with their votes name, and that the project has. */
  images: Set<string>;
  /** Vote by the nonce of the deal it answers. */
  nonces: Map<string, string>;
};

const EXISTING = `SELECT p.id, p.body_hash AS bodyHash, p.status, p.not_trainable AS notTrainable
  FROM json_each(?1) AS e CROSS JOIN preference AS p ON p.project = ?2 AND p.id = e.value`;

const COMPARISONS = `SELECT c.id, c.domain, c.kind, c.prompt, c.body_hash AS bodyHash, c.user, c.candidates AS dealt,
    q.body ->> '$.group' AS "group", d.hold_out AS holdOut, d.split_by AS splitBy, ${RECIPE_NEEDS} AS recipe,
    q.body ->> '$.topic' IS NOT NULL AS hasTopic, q.body ->> '$.answer' IS NOT NULL AS hasAnswer,
    (SELECT json_group_object(a.id, json(a.content)) FROM candidate AS a WHERE a.project = c.project AND a.comparison = c.id) AS contents
  FROM json_each(?1) AS e
  CROSS JOIN comparison AS c ON c.project = ?2 AND c.id = e.value
  CROSS JOIN prompt AS q ON q.project = c.project AND q.id = c.prompt
  CROSS JOIN domain AS d ON d.project = c.project AND d.id = c.domain`;

/** Of comparisons that came with their votes, the candidates are at hand already. */
const KNOWN = `SELECT c.id, c.body_hash AS bodyHash FROM json_each(?1) AS e CROSS JOIN comparison AS c ON c.project = ?2 AND c.id = e.value`;

const DOMAINS = `SELECT d.id, d.hold_out AS holdOut, d.split_by AS splitBy, ${RECIPE_NEEDS} AS recipe
  FROM json_each(?1) AS e CROSS JOIN domain AS d ON d.project = ?2 AND d.id = e.value`;

const EARLIER = `SELECT p.seq, p.id, p.user, p.comparison, p.superseded_by AS supersededBy
  FROM json_each(?1) AS e CROSS JOIN preference AS p ON p.project = ?2 AND p.id = e.value`;

const NONCES = `SELECT p.nonce, p.id FROM json_each(?1) AS e CROSS JOIN preference AS p ON p.project = ?2 AND p.nonce = e.value`;

export async function gather(db: Database, project: string, votes: readonly Vote[]): Promise<Gathered> {
  const wanted: [sql: string, ids: readonly string[]][] = [
    [EXISTING, votes.map(({ input }) => input.id)],
    [COMPARISONS, distinct(votes.map((vote) => (vote.inline ? null : vote.comparison)))],
    [KNOWN, distinct(votes.map((vote) => (vote.inline ? vote.comparison : null)))],
    [DOMAINS, distinct(votes.map(({ inline }) => inline?.domain))],
    [EARLIER, distinct(votes.map(({ input }) => input.supersedes))],
    [KNOWN_IMAGES, distinct(votes.flatMap(({ inline }) => inline?.pictures ?? []))],
    [NONCES, distinct(votes.map(({ assignment }) => (assignment && 'nonce' in assignment ? assignment.nonce : null)))],
  ];
  const asked = wanted.filter(([, ids]) => ids.length > 0);
  const statements = asked.map(([sql, ids]) => db.$client.prepare(sql).bind(JSON.stringify(ids), project));
  const results = await db.$client.batch<Record<string, unknown>>(statements);
  const rows = <T>(sql: string) => (results[asked.findIndex(([text]) => text === sql)]?.results ?? []) as T[];

  type ComparisonRow = Omit<StoredComparison, 'candidates' | 'facts' | 'recipe'> & ComparisonJson & { id: string };
  return {
    existing: byKey(rows<{ id: string } & ExistingRow>(EXISTING)),
    comparisons: byKey(rows<ComparisonRow>(COMPARISONS).map(readComparison)),
    known: new Map(rows<{ id: string; bodyHash: string }>(KNOWN).map(({ id, bodyHash }) => [id, bodyHash])),
    domains: byKey(rows<{ id: string; recipe: string } & Omit<Split, 'recipe'>>(DOMAINS).map(readRecipe)),
    earlier: byKey(rows<EarlierVote>(EARLIER)),
    images: new Set(rows<{ sha256: string }>(KNOWN_IMAGES).map(({ sha256 }) => sha256)),
    nonces: new Map(rows<{ nonce: string; id: string }>(NONCES).map(({ nonce, id }) => [nonce, id])),
  };
}

type ExistingRow = { bodyHash: string; status: PreferenceStatus; notTrainable: NotTrainableReason | null };

type ComparisonJson = { dealt: string; contents: string; recipe: string; hasTopic: number; hasAnswer: number };

function readComparison<T extends ComparisonJson>({ dealt, contents, hasTopic, hasAnswer, ...row }: T) {
  const byId = JSON.parse(contents) as Record<string, Content>;
  const candidates = (JSON.parse(dealt) as string[]).map((id) => ({ id, content: byId[id] as Content }));
  return { ...readRecipe(row), candidates, facts: { hasTopic: hasTopic === 1, hasAnswer: hasAnswer === 1 } };
}

function readRecipe<T extends { recipe: string }>({ recipe, ...row }: T) {
  return { ...row, recipe: JSON.parse(recipe) as RecipeNeeds };
}

function byKey<T extends { id: string }>(rows: readonly T[]): Map<string, T> {
  return new Map(rows.map((row) => [row.id, row]));
}

function distinct(values: readonly (string | null | undefined)[]): string[] {
  return [...new Set(values.filter((value) => value != null))];
}
