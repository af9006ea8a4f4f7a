/** /v1/domains/{domain}/promote, rollback, moves: what is served, on an operator's word. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { type AdapterRecord, AliasHistory, AliasMove, Promotion, Rollback } from '../../shared/contracts/adapter.ts';
import { Slug } from '../../shared/contracts/ids.ts';
import { ApiError, found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import type { Env } from '../env.ts';
import { findAdapter } from '../store/adapters.ts';
import { lineBetween, listMoves, liveBefore, type Move, moveAlias } from '../store/alias-moves.ts';
import { type DomainRow, findDomain } from '../store/domains.ts';
import { gateProblem } from './promotions-gates.ts';
import { loadAndProbe } from './promotions-publish.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const promotions = router();

const DomainPath = z.object({ domain: Slug });

/** Runners complete batches meanwhile: a move that lost the race is planned again from what is true now. */
const MAX_ATTEMPTS = 5;

promotions.openapi(
  createRoute({
    method: 'post',
    path: '/v1/domains/{domain}/promote',
    summary: 'Serve an adapter: it is loaded and probed, then the alias moves (admin)',
    request: { params: DomainPath, body: jsonBody(Promotion) },
    responses: { 200: json(AliasMove, 'The move'), ...failures },
  }),
  async (c) => {
    const { key } = requireSecret(c, 'admin');
    const { adapter: sha, force, note } = c.req.valid('json');
    const move = await moveUntilDone(c, async (domain) => {
      const record = await adapterOf(c, domain, sha);
      if (domain.live === sha) throw new ApiError('already_exists', 'This adapter is live already.');
      const problem = gateProblem(record.gates, domain.gates);
      if (problem && !force) throw new ApiError('gate_failed', `${problem} Say force to serve it all the same.`);
      await loadAndProbe(c, record);
      return { domain: domain.id, from: domain.live, to: sha, action: 'promote', actor: key, note };
    });
    return c.json(move, 200);
  },
);

promotions.openapi(
  createRoute({
    method: 'post',
    path: '/v1/domains/{domain}/rollback',
    summary: 'Serve what was live before; with rewind, also train on from there (admin)',
    request: { params: DomainPath, body: jsonBody(Rollback) },
    responses: { 200: json(AliasMove, 'The move'), ...failures },
  }),
  async (c) => {
    const { key } = requireSecret(c, 'admin');
    const { adapter, rewind, note } = c.req.valid('json');
    const move = await moveUntilDone(c, async (domain) => {
      const to = adapter === undefined ? await previous(c, domain) : adapter;
      if (to !== null && (await adapterOf(c, domain, to)).liveAt === null) {
        throw new ApiError('no_previous_adapter', 'This adapter was never live: promote it instead.');
      }
      if (to === domain.live && !rewind) throw new ApiError('already_exists', 'This is live already.');
      const said = { domain: domain.id, from: domain.live, to, action: 'rollback', actor: key, note } as const;
      return rewind ? { ...said, rewind: { head: domain.head, cut: await cutLine(c, domain, to) } } : said;
    });
    return c.json(move, 200);
  },
);

promotions.openapi(
  createRoute({
    method: 'get',
    path: '/v1/domains/{domain}/moves',
    summary: 'Moves of the live alias (any secret key)',
    request: { params: DomainPath, query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }) },
    responses: { 200: json(AliasHistory, 'Newest first'), ...failures },
  }),
  async (c) => {
    requireSecret(c);
    const domain = found(await findDomain(c.var.db, c.var.project.id, c.req.valid('param').domain), 'domain');
    const { limit } = c.req.valid('query');
    return c.json({ items: await listMoves(c.var.db, c.var.project.id, domain.id, limit) }, 200);
  },
);

async function moveUntilDone(c: Context<Env>, plan: (domain: DomainRow) => Promise<Move>): Promise<AliasMove> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const domain = found(await findDomain(c.var.db, c.var.project.id, c.req.param('domain') ?? ''), 'domain');
    const move = await moveAlias(c.var.db, c.var.project.id, await plan(domain), c.var.now());
    if (move) return move;
  }
  throw new ApiError(
    'idempotency_conflict',
    'The alias was moved by others at the same time: look at it, and try again.',
  );
}

async function adapterOf(c: Context<Env>, domain: DomainRow, sha: string): Promise<AdapterRecord> {
  const record = await findAdapter(c.var.db, c.var.project.id, sha);
  return found(record?.domain === domain.id ? record : null, `adapter in the domain ${domain.id}`);
}

async function previous(c: Context<Env>, { id, live }: DomainRow): Promise<string | null> {
  const before = live === null ? undefined : await liveBefore(c.var.db, c.var.project.id, id, live);
  if (before === undefined) throw new ApiError('no_previous_adapter', 'Nothing was live before.');
  return before;
}

async function cutLine(c: Context<Env>, { head }: DomainRow, to: string | null): Promise<string[]> {
  const line = await lineBetween(c.var.db, c.var.project.id, head, to);
  if (line) return line;
  throw new ApiError('invalid_request', 'The head does not descend from this adapter: there is nothing to rewind.');
}
