/** POST /v1/images/generations: OpenAI-shaped; the edge decides which adapter draws, and for whom. */
import { createRoute } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { ImageRequest, ImageResult } from '../../shared/contracts/image.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { sha256Text } from '../../shared/math/sha256.ts';
import { uuidv7 } from '../../shared/math/uuidv7.ts';
import { found } from '../access/api-error.ts';
import { hasScope, requireInferrer } from '../access/caller.ts';
import { randomSecret } from '../access/keys.ts';
import type { Env } from '../env.ts';
import { type DrawnPicture, drawPictures } from '../inference/ask-pictures.ts';
import { backEnd } from '../inference/back-end.ts';
import { ENCODER_HEADER, personalOf, servedBy } from '../inference/personal.ts';
import { ADAPTER_HEADER } from '../inference/runner.ts';
import { createComparison } from '../store/comparisons.ts';
import { findDomain } from '../store/domains.ts';
import { failures, json, jsonBody, router } from './router.ts';

export const imagesGenerate = router();

imagesGenerate.openapi(
  createRoute({
    method: 'post',
    path: '/v1/images/generations',
    summary: 'Pictures by the domain’s live adapter, for the user of the token (user token or secret key with infer)',
    request: { body: jsonBody(ImageRequest) },
    responses: {
      200: json(ImageResult, 'The pictures; x-prefloop-adapter names what drew them'),
      ...failures,
    },
  }),
  async (c) => {
    requireInferrer(c);
    const request = c.req.valid('json');
    const { prompt, n, seed = randomSeed(), steps, guidance } = request;
    const domain = found(await findDomain(c.var.db, c.var.project.id, request.model), 'domain');
    const personal = await personalOf(c, domain, request);
    const model = servedBy(domain);
    const mayCollect = n > 1 && collects(c);
    const ask = {
      ...{ model, prompt, n, seed, features: mayCollect && domain.encoder !== null },
      ...(steps !== undefined && { steps }),
      ...(guidance !== undefined && { guidance }),
      ...(personal && { user: personal.user }),
    };
    const role = domain.live === null ? 'base' : 'live';
    const drawn = await drawPictures(c, backEnd(c, 'pictures'), ask, role, c.req.raw.signal);
    const comparison = mayCollect ? await deal(c, domain.id, prompt, drawn) : null;
    c.header(ADAPTER_HEADER, model);
    if (personal) c.header(ENCODER_HEADER, personal.encoder);
    c.header('cache-control', 'no-store');
    return c.json(
      {
        created: Math.floor(c.var.now() / 1000),
        data: drawn.map((picture) => shown(c, picture, request.response_format)),
        personal: personal && { encoder: personal.encoder, votes: personal.votes },
        comparison,
      },
      200,
    );
  },
);

/** Whether the caller may also vote on what it gets. */
function collects({ var: { caller } }: Context<Env>): boolean {
  if (caller.kind === 'user') return caller.scopes.includes('collect');
  return caller.kind === 'secret' && hasScope(caller, 'ingest');
}

/** A pair comparison of them, one best of all, in the order that they are answered in: it was drawn by their seeds. */
async function deal(c: Context<Env>, domain: string, text: string, drawn: DrawnPicture[]): Promise<string> {
  const { caller, project } = c.var;
  const id = uuidv7(c.var.now());
  const user = caller.kind === 'user' ? caller.user : null;
  await createComparison(c.var.db, project.id, {
    ...{ id, domain, kind: 'pair' as const, prompt: { text }, user },
    candidates: drawn.map(({ content, origin, features }) => ({
      ...{ id: uuidv7(c.var.now()), content, origin },
      ...(features && { features }),
    })),
    bodyHash: sha256Text(canonicalJson({ domain, text, user, pictures: drawn.map(({ image }) => image.sha256) })),
    nonce: randomSecret(),
    createdAt: c.var.now(),
  });
  return id;
}

function shown(c: Context<Env>, { image, seed, bytes }: DrawnPicture, format: ImageRequest['response_format']) {
  const { sha256 } = image;
  if (format === 'b64_json') return { b64_json: toBase64(bytes), sha256, seed };
  return { url: new URL(`/v1/images/${c.var.project.id}/${sha256}`, c.req.url).href, sha256, seed };
}

/** In parts: a call takes only so many arguments. */
function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(text);
}

function randomSeed(): number {
  // Picture i has the seed + i: the last one must still be a seed.
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 2;
}
