/** /v1/comparisons: a prompt and its candidates, dealt in a random order that is recorded and signed. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { CandidateInput, Origin } from '../../shared/contracts/candidate.ts';
import { Comparison, ComparisonRecord, ComparisonRequest } from '../../shared/contracts/comparison.ts';
import { RecordId } from '../../shared/contracts/ids.ts';
import { withSystem } from '../../shared/contracts/prompt.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { sha256Text } from '../../shared/math/sha256.ts';
import { uuidv7 } from '../../shared/math/uuidv7.ts';
import { ApiError, found } from '../access/api-error.ts';
import { ASSIGNMENT_MS, signAssignment } from '../access/assignment-token.ts';
import { type Caller, requireCollector, requireSecret } from '../access/caller.ts';
import { randomSecret } from '../access/keys.ts';
import { isPictured } from '../batches/recipe-needs.ts';
import type { Env } from '../env.ts';
import { picturesOf } from '../images/pictures-of.ts';
import { askCandidates, type Made } from '../inference/ask-candidates.ts';
import { askPictures } from '../inference/ask-pictures.ts';
import { backEnd } from '../inference/back-end.ts';
import { basisOf } from '../inference/personal.ts';
import { createComparison, type Deal, findComparison } from '../store/comparisons.ts';
import { type DomainRow, findDomain } from '../store/domains.ts';
import { missingImage } from '../store/images.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const comparisons = router();

comparisons.openapi(
  createRoute({
    method: 'post',
    path: '/v1/comparisons',
    summary: 'Deal a comparison: of the caller’s candidates, or of answers the domain’s models give now',
    request: { body: jsonBody(ComparisonRequest) },
    responses: {
      200: json(Comparison, 'The comparison that this request was answered with before'),
      201: json(Comparison, 'The comparison, with the assignment that allows one vote on it'),
      ...failures,
    },
  }),
  async (c) => {
    const caller = requireCollector(c);
    const request = c.req.valid('json');
    checkRights(caller, request);
    checkDraws(request);
    const user = caller.kind === 'user' ? caller.user : (request.user ?? null);
    const { id = uuidv7(c.var.now()), ...asked } = request;
    const bodyHash = sha256Text(canonicalJson({ ...asked, user }));
    const before = request.id === undefined ? null : await replay(c, id, bodyHash);
    if (before) return c.json(before, 200);

    const domain = found(await findDomain(c.var.db, c.var.project.id, request.domain), 'domain');
    const made = request.candidates
      ? await ownCandidates(c, request.candidates, request.kind)
      : await modelsCandidates(c, caller, domain, request);
    const deal: Deal = {
      id,
      domain: domain.id,
      kind: request.kind,
      prompt: request.prompt,
      // Ids are given in the dealt order: they tell nothing about who made what.
      candidates: (request.asShown ? made : shuffled(made)).map((candidate) => ({
        id: uuidv7(c.var.now()),
        ...candidate,
      })),
      user,
      bodyHash,
      nonce: randomSecret(),
      createdAt: c.var.now(),
    };
    if (await createComparison(c.var.db, c.var.project.id, deal)) return c.json(await dealt(c, deal), 201);
    // The same request came in twice at once, and the other one was faster.
    return c.json(found(await replay(c, id, bodyHash), 'comparison'), 200);
  },
);

comparisons.openapi(
  createRoute({
    method: 'get',
    path: '/v1/comparisons/{id}',
    summary: 'A comparison with the origins of its candidates (any secret key)',
    request: { params: z.object({ id: RecordId }) },
    responses: { 200: json(ComparisonRecord, 'In the dealt order'), ...failures },
  }),
  async (c) => {
    requireSecret(c);
    const stored = await findComparison(c.var.db, c.var.project.id, c.req.valid('param').id);
    return c.json(found(stored, 'comparison').record, 200);
  },
);

function checkRights(caller: Caller, request: ComparisonRequest): void {
  if (caller.kind === 'secret') return;
  if (request.user !== undefined)
    throw new ApiError('forbidden', 'Only a secret key may say whom a comparison is dealt to.');
  if (!request.candidates) return;
  if (caller.kind === 'public') throw new ApiError('forbidden', 'A public key may not bring candidates of its own.');
  if (request.candidates.some(({ origin }) => origin)) {
    throw new ApiError('forbidden', 'Only a secret key may say how a candidate was made.');
  }
  if (request.candidates.some(({ features }) => features)) {
    throw new ApiError('forbidden', 'Only a secret key may say what the features of a candidate are.');
  }
}

function checkDraws({ candidates, draws, k, asShown }: ComparisonRequest): void {
  if (asShown && !candidates) {
    throw new ApiError('invalid_request', 'asShown: only the caller’s own candidates can have been shown already');
  }
  if (draws === undefined) return;
  if (candidates) throw new ApiError('invalid_request', 'draws: the candidates are the caller’s own, nothing is drawn');
  if (draws < k) throw new ApiError('invalid_request', `draws: ${draws} are fewer than k, ${k}`);
}

/** What this id was answered with before: the same deal, with the same assignment; null when it is new. */
async function replay(c: Context<Env>, id: string, bodyHash: string): Promise<Comparison | null> {
  const stored = await findComparison(c.var.db, c.var.project.id, id);
  if (!stored) return null;
  if (stored.bodyHash !== bodyHash || stored.nonce === null) {
    throw new ApiError('idempotency_conflict', `The id ${id} was used for another comparison.`);
  }
  return dealt(c, { ...stored.record, nonce: stored.nonce });
}

async function dealt(c: Context<Env>, deal: Omit<Deal, 'user' | 'bodyHash'>): Promise<Comparison> {
  const { id, domain, kind, prompt, candidates, createdAt, nonce } = deal;
  const expiresAt = createdAt + ASSIGNMENT_MS;
  const assignment = await signAssignment(c.var.project, {
    comparison: id,
    order: candidates.map((candidate) => candidate.id),
    adapters: candidates.map(({ origin }) => origin.adapter),
    nonce,
    expiresAt,
  });
  const shown = candidates.map((candidate, position) => ({ id: candidate.id, position, content: candidate.content }));
  // A known answer would give the vote away.
  const { answer: _, ...asked } = prompt;
  return { id, domain, kind, prompt: asked, candidates: shown, assignment, createdAt, expiresAt };
}

const CALLER: Origin = {
  ...{ role: 'caller', adapter: null, model: null, seed: null, temperature: null },
  ...{ topP: null, tokenIds: null, logps: null },
};

async function ownCandidates(
  c: Context<Env>,
  candidates: CandidateInput[],
  kind: ComparisonRequest['kind'],
): Promise<(Made & { id?: string })[]> {
  const ids = candidates.flatMap(({ id }) => id ?? []);
  if (new Set(ids).size < ids.length) throw new ApiError('invalid_request', 'candidates: two of them have the same id');
  const pictures = picturesOf(
    candidates.map(({ content }) => content),
    kind,
  );
  const missing = await missingImage(c.var.db, c.var.project.id, pictures);
  if (missing) throw new ApiError('not_found', `There is no picture ${missing}: upload it first.`);
  return candidates.map(({ id, content, origin = CALLER, features }) => ({
    ...(id && { id }),
    content,
    origin,
    ...(features && { features }),
  }));
}

async function modelsCandidates(
  c: Context<Env>,
  caller: Caller,
  domain: DomainRow,
  request: ComparisonRequest,
): Promise<Made[]> {
  if (request.prompt.text !== undefined && isPictured(domain.recipe)) {
    const { k, draws = k, seed = randomSeed() >>> 1, prompt } = request;
    const wish = { prompt: prompt.text as string, k, draws, seed };
    if (request.kind === 'steps') throw new ApiError('invalid_request', 'kind: a picture has no steps to be marked');
    return askPictures(c, backEnd(c, 'pictures'), domain, wish, c.req.raw.signal);
  }
  if (!request.prompt.messages) {
    throw new ApiError(
      'invalid_request',
      'prompt: a model that writes is asked with messages; a plain text needs candidates of its own',
    );
  }
  const most = caller.kind === 'secret' ? (request.maxTokens ?? domain.maxTokens) : domain.maxTokens;
  const wish = {
    kind: request.kind,
    messages: withSystem(request.prompt.messages, domain.system),
    k: request.k,
    draws: request.draws ?? request.k,
    seed: request.seed ?? randomSeed(),
    temperature: request.temperature ?? domain.temperature,
    topP: request.topP ?? domain.topP,
    maxTokens: Math.min(request.maxTokens ?? most, most),
    basis: await basisOf(c, domain),
  };
  return askCandidates(backEnd(c), domain, wish, c.req.raw.signal);
}

function randomSeed(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 1;
}

/** Fisher-Yates with unbiased draws. */
function shuffled<T>(items: T[]): T[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i--) {
    const j = drawBelow(i + 1);
    [order[i], order[j]] = [order[j] as T, order[i] as T];
  }
  return order;
}

function drawBelow(n: number): number {
  const limit = 2 ** 32 - (2 ** 32 % n);
  for (;;) {
    const drawn = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
    if (drawn < limit) return drawn % n;
  }
}
