/** Training examples of stored preferences: the members of a batch, and the part that is held out. */
import type { Example } from '../../shared/contracts/batch.ts';
import type { Content } from '../../shared/contracts/candidate.ts';
import type { Choice } from '../../shared/contracts/preference.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import { buildAnyExample, buildExample } from '../batches/build-example.ts';
import { RECIPE_NEEDS, type RecipeNeeds } from '../batches/recipe-needs.ts';
import type { Database } from './database.ts';

type Row = {
  id: string;
  choice: string;
  confidence: number;
  weight: number;
  prompt: string;
  dealt: string;
  contents: string;
  system: string | null;
  recipe: string;
};

const COLUMNS = `p.id, p.choice, p.confidence, p.weight, q.body AS prompt, c.candidates AS dealt, d.system, ${RECIPE_NEEDS} AS recipe,
  (SELECT json_group_object(a.id, json(a.content)) FROM candidate AS a WHERE a.project = c.project AND a.comparison = c.id) AS contents`;

// CROSS JOIN keeps SQLite from reading the small tables first and every preference after them.
const JOINED = `CROSS JOIN comparison AS c ON c.project = p.project AND c.id = p.comparison
  CROSS JOIN prompt AS q ON q.project = c.project AND q.id = c.prompt
  CROSS JOIN domain AS d ON d.project = p.project AND d.id = p.domain`;

export const BATCH_EXAMPLES = `SELECT ${COLUMNS} FROM preference AS p ${JOINED}
  WHERE p.project = ?1 AND p.batch = ?2 AND p.status = 'batched' ORDER BY p.ordinal`;

export const HELD_OUT_EXAMPLES = `SELECT ${COLUMNS} FROM preference AS p INDEXED BY preference_held_out ${JOINED}
  WHERE p.project = ?1 AND p.domain = ?2 AND p.status = 'heldOut' ORDER BY p.seq DESC LIMIT ?3`;

/** The members of a batch that is being trained on, in training order. factors: of their weights, by id; default 1. */
export async function batchExamples(
  db: Database,
  project: string,
  batch: string,
  factors: Record<string, number> = {},
): Promise<Example[]> {
  const found = await db.$client.prepare(BATCH_EXAMPLES).bind(project, batch).all<Row>();
  const results = found.results.map((row) => ({ ...row, weight: row.weight * (factors[row.id] ?? 1) }));
  // What yields no example was set apart when it came in; what came under another recipe, the runner has a word on.
  return results.map((row) => example(row) ?? buildAnyExample(judgedOf(row), row.system));
}

/** The newest `limit` held-out examples of a domain, oldest first. */
export async function heldOutExamples(
  db: Database,
  project: string,
  domain: string,
  limit: number,
): Promise<Example[]> {
  const { results } = await db.$client.prepare(HELD_OUT_EXAMPLES).bind(project, domain, limit).all<Row>();
  return results.reverse().flatMap((row) => example(row) ?? []);
}

/** Held-out votes that are looked through for different prompts. */
const LOOKED_THROUGH = 100;

// The newest first, and then what belongs to them.
export const HELD_OUT_PROMPTS = `SELECT w.seq, q.id, q.body AS prompt
  FROM (SELECT seq, project, comparison FROM preference INDEXED BY preference_held_out
    WHERE project = ?1 AND domain = ?2 AND status = 'heldOut' ORDER BY seq DESC LIMIT ?3) AS w
  CROSS JOIN comparison AS c ON c.project = w.project AND c.id = w.comparison
  CROSS JOIN prompt AS q ON q.project = c.project AND q.id = c.prompt`;

/** The different prompts of the newest held-out votes of a domain, newest first. */
export async function heldOutPrompts(db: Database, project: string, domain: string): Promise<Prompt[]> {
  type Asked = { seq: number; id: string; prompt: string };
  const { results } = await db.$client.prepare(HELD_OUT_PROMPTS).bind(project, domain, LOOKED_THROUGH).all<Asked>();
  const newest = results.sort((one, other) => other.seq - one.seq);
  return [...new Map(newest.map(({ id, prompt }) => [id, prompt])).values()].map((body) => JSON.parse(body) as Prompt);
}

function example(row: Row): Example | null {
  const built = buildExample(judgedOf(row), JSON.parse(row.recipe) as RecipeNeeds, row.system);
  return 'notTrainable' in built ? null : built;
}

function judgedOf({ id, choice, confidence, weight, prompt, dealt, contents }: Row) {
  const content = JSON.parse(contents) as Record<string, Content>;
  return {
    preference: id,
    prompt: JSON.parse(prompt) as Prompt,
    candidates: (JSON.parse(dealt) as string[]).map((id) => ({ id, content: content[id] as Content })),
    choice: JSON.parse(choice) as Choice,
    confidence,
    weight,
  };
}
