/** For recipes that train on tastes: whose each example is, by a pseudonym, and the votes that stand for that person. */
import type { Context } from 'hono';
import type { Example, HeldOut } from '../../shared/contracts/batch.ts';
import type { Recipe } from '../../shared/contracts/recipe.ts';
import { toHex } from '../../shared/math/hex.ts';
import { derivedKey } from '../access/derived-key.ts';
import { addSupport, supportSize } from '../batches/support.ts';
import type { Env } from '../env.ts';
import { findOwners, findSupport } from '../store/support.ts';

/** Votes that a person's are drawn from, where the recipe draws fewer. */
const POOL = 16;

/**
 * Training never looks at held-out votes, also not to learn whose taste it is; who is evaluated is known by every vote but the
 * one that is asked about.
 */
export async function withSupport(
  c: Context<Env>,
  domain: string,
  recipe: Recipe,
  examples: Example[],
  part: 'training' | 'heldOut',
): Promise<HeldOut> {
  if (recipe.method !== 'ppd') return { examples, encoder: null, support: [] };
  const project = c.var.project.id;
  const ids = examples.map(({ preference }) => preference);
  const { owners, facts } = await findOwners(c.var.db, project, domain, ids);
  const users = [...new Set(owners.values())];
  const keys = new Map(await Promise.all(users.map(async (user) => [user, await userKey(c, domain, user)] as const)));
  const { space = '', featureSize = 1, encoder = null } = facts ?? {};
  const most = supportSize(Math.max(recipe.support, POOL), users.length, featureSize);
  // Twice as many, because some of them say nothing.
  const wanted = { space, most: 2 * most, heldOut: part === 'heldOut' };
  const votes = facts ? await findSupport(c.var.db, project, domain, users, wanted) : [];
  return { ...addSupport(examples, owners, keys, votes, { featureSize, most }), encoder };
}

/** The same for all votes of a person in a domain, another one in every other domain; nobody but the edge can undo it. */
async function userKey(c: Context<Env>, domain: string, user: string): Promise<string> {
  const key = await derivedKey(c.var.project.secret, 'user-key');
  const text = new TextEncoder().encode(`${domain} ${user}`);
  return toHex(await crypto.subtle.sign('HMAC', key, text)).slice(0, 32);
}
