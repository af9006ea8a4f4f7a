/** A migrated database in memory with one project and its domains, and votes made up for it. */
import { fileURLToPath } from 'node:url';
import { PreferenceInput } from '../../../shared/contracts/preference.ts';
import { Recipe } from '../../../shared/contracts/recipe.ts';
import { applyMigrations } from '../../../worker/hosts/migrations.ts';
import { openSqliteD1 } from '../../../worker/hosts/sqlite-d1.ts';
import { prepareVote } from '../../../worker/routes/preferences-prepare.ts';
import { type Database, database } from '../../../worker/store/database.ts';
import { storeVotes } from '../../../worker/store/preferences.ts';
import { domain, project } from '../../../worker/store/schema.ts';

export const PROJECT = 'acme';

type DomainRow = typeof domain.$inferInsert;

export async function makeWorld(
  domains: (Partial<DomainRow> & { id: string })[] = [{ id: 'replies' }],
): Promise<Database> {
  const binding = openSqliteD1(':memory:');
  await applyMigrations(binding, fileURLToPath(new URL('../../../migrations', import.meta.url)));
  const db = database(binding);
  await db.insert(project).values({
    id: PROJECT,
    name: PROJECT,
    allowedOrigins: [],
    requireAssignment: true,
    secret: 'secret',
    createdAt: 0,
  });
  for (const values of domains) await db.insert(domain).values({ ...DOMAIN, ...values });
  return db;
}

export const DOMAIN: Omit<DomainRow, 'id'> = {
  project: PROJECT,
  baseModel: 'tiny',
  recipe: Recipe.parse({ method: 'dpo' }),
  gates: {},
  policy: 'gates',
  batchSize: 4,
  maxWaitSeconds: 30,
  leaseSeconds: 60,
  maxAttempts: 3,
  holdOut: 0,
  splitBy: 'prompt',
  temperature: 1,
  topP: 1,
  maxTokens: 64,
  createdAt: 0,
};

/** The id of the n-th thing: sorts by n. */
export function id(n: number, kind = 0): string {
  return `01900000-0000-7000-8000-${kind.toString(16)}${n.toString(16).padStart(11, '0')}`;
}

/** The n-th imported vote: the first of two candidates is better. */
export function importedVote(n: number, rest: Record<string, unknown> = {}, domainId = 'replies'): PreferenceInput {
  const candidates = [1, 2].map((kind) => ({
    id: id(n, kind),
    content: { type: 'text', text: `Answer ${n} of writer ${kind}.` },
  }));
  const comparison = {
    domain: domainId,
    prompt: { messages: [{ role: 'user', content: `Question ${n}?` }] },
    candidates,
  };
  return PreferenceInput.parse({ id: id(n), comparison, choice: { type: 'pair', chosen: id(n, 1) }, ...rest });
}

/** Stores votes as a server with a secret key would. */
export function storeInputs(db: Database, inputs: readonly PreferenceInput[], now = 1000) {
  const voter = { weight: 1, mustBeAssigned: false };
  const votes = inputs.map((input) =>
    prepareVote(input, { ...voter, user: input.user ?? null, weight: input.weight ?? 1 }, null),
  );
  return storeVotes(db, PROJECT, votes, now);
}
