/** /v1/batches/{id}: completed with an adapter, dismissed, given back, or put in line again. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Batch, Completion, CompletionResult, Dismissal, Failure } from '../../shared/contracts/batch.ts';
import { RecordId } from '../../shared/contracts/ids.ts';
import { found } from '../access/api-error.ts';
import { requireSecret } from '../access/caller.ts';
import type { Env } from '../env.ts';
import { findAdapter } from '../store/adapters.ts';
import { findBatch } from '../store/batches.ts';
import { completeBatch, dismissBatch } from '../store/batches-complete.ts';
import { failBatch, requeueBatch } from '../store/batches-release.ts';
import { accepted } from './accepted.ts';
import { publish } from './promotions-publish.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const batchEnds = router();

const BatchPath = z.object({ id: RecordId });

batchEnds.openapi(
  createRoute({
    method: 'post',
    path: '/v1/batches/{id}/complete',
    summary: 'Consume the batch and add the adapter it made, both or neither; said again, the first answer (train)',
    request: { params: BatchPath, body: jsonBody(Completion) },
    responses: { 200: json(CompletionResult, 'The adapter, and whether it is served'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const completion = c.req.valid('json');
    const project = c.var.project.id;
    const ended = await completeBatch(c.var.db, project, c.req.valid('param').id, completion, c.var.now());
    const { replayed } = accepted(ended, 'batch');
    const { sha } = completion.adapter;
    const reason = await publish(c, found(await findAdapter(c.var.db, project, sha), 'adapter'));
    const adapter = found(await findAdapter(c.var.db, project, sha), 'adapter');
    return c.json({ adapter, live: reason === null, reason, replayed }, 200);
  },
);

batchEnds.openapi(
  createRoute({
    method: 'post',
    path: '/v1/batches/{id}/dismiss',
    summary: 'End a batch of which no member can be trained on (train)',
    request: { params: BatchPath, body: jsonBody(Dismissal) },
    responses: { 200: json(Batch, 'The finished batch'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const { id } = c.req.valid('param');
    accepted(await dismissBatch(c.var.db, c.var.project.id, id, c.req.valid('json'), c.var.now()), 'batch');
    return c.json(await batchNow(c, id), 200);
  },
);

batchEnds.openapi(
  createRoute({
    method: 'post',
    path: '/v1/batches/{id}/fail',
    summary: 'Give a batch back with the reason (train)',
    request: { params: BatchPath, body: jsonBody(Failure) },
    responses: { 200: json(Batch, 'Ready again, or quarantined after too many attempts'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'train');
    const { id } = c.req.valid('param');
    accepted(await failBatch(c.var.db, c.var.project.id, id, c.req.valid('json'), c.var.now()), 'batch');
    return c.json(await batchNow(c, id), 200);
  },
);

batchEnds.openapi(
  createRoute({
    method: 'post',
    path: '/v1/batches/{id}/requeue',
    summary: 'Put a quarantined batch in line again, with all its attempts (admin)',
    request: { params: BatchPath },
    responses: { 200: json(Batch, 'Ready'), ...failures },
  }),
  async (c) => {
    requireSecret(c, 'admin');
    const { id } = c.req.valid('param');
    accepted(await requeueBatch(c.var.db, c.var.project.id, id), 'batch');
    return c.json(await batchNow(c, id), 200);
  },
);

async function batchNow(c: Context<Env>, id: string): Promise<Batch> {
  return found(await findBatch(c.var.db, c.var.project.id, id), 'batch');
}
