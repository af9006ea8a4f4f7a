/** Pictures of the domain's own models: kept under their hashes, every draw that is dealt recorded. */
import type { Context } from 'hono';
import type { Origin } from '../../shared/contracts/candidate.ts';
import { type Image, MAX_IMAGE_BYTES } from '../../shared/contracts/image.ts';
import { ApiError } from '../access/api-error.ts';
import type { Env } from '../env.ts';
import { checkImage, keepImage } from '../images/keep-image.ts';
import type { Made } from './ask-candidates.ts';
import type { BackEnd, ImageAsk } from './back-end.ts';
import { featureDistance, mostDifferent } from './most-different.ts';

export type DrawnPicture = Made & { bytes: Uint8Array<ArrayBuffer>; image: Image; seed: number };

type Role = 'live' | 'head' | 'base';

/** One request's pictures, in the order of their seeds, kept. Throws ApiError of the back end, or `inference_failed` for what is no picture. */
export async function drawPictures(
  c: Context<Env>,
  backEnd: BackEnd,
  ask: ImageAsk,
  role: Role,
  signal: AbortSignal,
): Promise<DrawnPicture[]> {
  const drawn = await draw(backEnd, ask, role, signal);
  await keepPictures(c, drawn);
  return drawn;
}

async function draw(backEnd: BackEnd, ask: ImageAsk, role: Role, signal: AbortSignal): Promise<DrawnPicture[]> {
  const { data } = await backEnd.images(ask, signal);
  return Promise.all(
    data.map(async ({ b64_json, seed, features }) => {
      const bytes = decode(b64_json);
      const image = await checkImage(bytes).catch((error) => {
        if (!(error instanceof ApiError)) throw error;
        throw new ApiError('inference_failed', `The inference back end did not draw a picture: ${error.message}`);
      });
      const adapter = ask.model === 'base' ? null : ask.model;
      const origin: Origin = {
        ...{ role, adapter, model: null, seed, temperature: null },
        ...{ topP: null, tokenIds: null, logps: null },
      };
      return {
        content: { type: 'image' as const, sha256: image.sha256 },
        origin,
        ...(features && { features: [features] }),
        ...{ bytes, image, seed },
      };
    }),
  );
}

async function keepPictures(c: Context<Env>, drawn: DrawnPicture[]): Promise<void> {
  await Promise.all(drawn.map(({ bytes, image }) => keepImage(c, bytes, image)));
}

/**
 * k pictures to compare, of `draws`: half are drawn by the adapter that is served and half by the head, where they are two. Those
 * whose features differ most are dealt; the first ones where the back end knows no features. Of pictures that are one and
 * the same the first is taken, as long as others are left. Only what is dealt is kept.
 */
export async function askPictures(
  c: Context<Env>,
  backEnd: BackEnd,
  pointers: { live: string | null; head: string | null },
  wish: { prompt: string; k: number; draws: number; seed: number },
  signal: AbortSignal,
): Promise<Made[]> {
  const { live, head } = pointers;
  const fromHead = head === live ? 0 : Math.floor(wish.draws / 2);
  const groups = [
    { adapter: live, role: 'live' as const, n: wish.draws - fromHead, seed: wish.seed },
    { adapter: head, role: 'head' as const, n: fromHead, seed: (wish.seed + wish.draws) % 2 ** 31 },
  ].filter(({ n }) => n > 0);
  const drawn = await Promise.all(
    groups.map(({ adapter, role, n, seed }) => {
      const ask = { model: adapter ?? 'base', prompt: wish.prompt, n, seed, features: true };
      return draw(backEnd, ask, adapter === null ? 'base' : role, signal);
    }),
  );
  const all = drawn.flat();
  const isFirst = (picture: DrawnPicture, at: number) =>
    all.findIndex(({ image }) => image.sha256 === picture.image.sha256) === at;
  const distinct = all.filter(isFirst);
  const repeated = all.filter((picture) => !distinct.includes(picture));
  const shown = [...dealt(distinct, wish.k), ...repeated].slice(0, wish.k);
  await keepPictures(c, shown);
  return shown.map(({ content, origin, features }) => ({ content, origin, ...(features && { features }) }));
}

function dealt(distinct: DrawnPicture[], k: number): DrawnPicture[] {
  const vectors = distinct.flatMap(({ features }) => features?.slice(0, 1) ?? []);
  const [first] = vectors;
  const isComparable = vectors.every(({ space, values }) => {
    return space === first?.space && values.length === first.values.length && values.every(Number.isFinite);
  });
  if (vectors.length < distinct.length || !isComparable) return distinct;
  const distance = featureDistance(vectors.map(({ values }) => values as number[]));
  return mostDifferent(distinct.length, k, distance).map((i) => distinct[i] as DrawnPicture);
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  if (base64.length > (4 / 3) * MAX_IMAGE_BYTES + 4) {
    throw new ApiError('inference_failed', 'The inference back end drew a picture that is too large.');
  }
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    throw new ApiError('inference_failed', 'The inference back end did not answer with base64.');
  }
}
