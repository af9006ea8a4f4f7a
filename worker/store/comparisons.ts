/** Comparisons with their prompt and candidates: written whole, read whole. */
import { and, asc, eq, sql } from 'drizzle-orm';
import type { Content, Origin } from '../../shared/contracts/candidate.ts';
import type { ComparisonKind, ComparisonRecord } from '../../shared/contracts/comparison.ts';
import type { FeatureList } from '../../shared/contracts/features.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import { atomic, type Database, isDuplicate } from './database.ts';
import { candidate, comparison, prompt } from './schema.ts';
import { storedJson, storedPrompt } from './stored-json.ts';

export type Deal = {
  id: string;
  domain: string;
  kind: ComparisonKind;
  prompt: Prompt;
  /** In the dealt order. */
  candidates: { id: string; content: Content; origin: Origin; features?: FeatureList }[];
  user: string | null;
  bodyHash: string;
  nonce: string;
  createdAt: number;
};

/** False when the id is taken: then nothing was written. Throws ApiError `too_large`. */
export async function createComparison(db: Database, project: string, deal: Deal): Promise<boolean> {
  const asked = storedPrompt(deal.prompt);
  const candidates = deal.candidates.map(({ id, content, origin, features }, position) => ({
    project,
    comparison: deal.id,
    id,
    position,
    content: sql`${storedJson(content, 'content of a candidate')}`,
    origin: sql`${storedJson(origin, 'origin of a candidate')}`,
    features: features === undefined ? null : sql`${storedJson(features, 'features of a candidate')}`,
  }));
  const { id, domain, kind, user, bodyHash, nonce, createdAt } = deal;
  const order = deal.candidates.map((dealt) => dealt.id);
  try {
    await atomic(db, [
      db
        .insert(comparison)
        .values({ project, id, domain, kind, prompt: asked.id, candidates: order, user, bodyHash, nonce, createdAt }),
      db
        .insert(prompt)
        .values({ project, id: asked.id, body: sql`${asked.body}`, createdAt })
        .onConflictDoNothing(),
      db.insert(candidate).values(candidates),
    ]);
  } catch (error) {
    if (isDuplicate(error, 'comparison')) return false;
    throw error;
  }
  return true;
}

/** The comparison as it was dealt, or null; `nonce` is null for an imported one. */
export async function findComparison(db: Database, project: string, id: string) {
  const [heads, candidates] = await atomic(db, [
    db
      .select({ comparison, prompt: prompt.body })
      .from(comparison)
      .innerJoin(prompt, and(eq(prompt.project, comparison.project), eq(prompt.id, comparison.prompt)))
      .where(and(eq(comparison.project, project), eq(comparison.id, id))),
    db
      .select({ id: candidate.id, position: candidate.position, content: candidate.content, origin: candidate.origin })
      .from(candidate)
      .where(and(eq(candidate.project, project), eq(candidate.comparison, id)))
      .orderBy(asc(candidate.position)),
  ]);
  const head = heads[0];
  if (!head) return null;
  const { domain, kind, createdAt, user, bodyHash, nonce } = head.comparison;
  const record: ComparisonRecord = { id, domain, kind, prompt: head.prompt, candidates, createdAt };
  return { record, user, bodyHash, nonce };
}
