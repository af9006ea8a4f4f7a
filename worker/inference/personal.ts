/** Whose taste goes into an answer: adapters mixed by it for texts, tokens for pictures. */
import type { Context } from 'hono';
import type { SetEncoderInput } from '../../shared/contracts/encoder.ts';
import type { Blend } from '../../shared/contracts/image.ts';
import { ApiError } from '../access/api-error.ts';
import { userEmbedding } from '../encoder/user-embedding.ts';
import type { Env } from '../env.ts';
import { findAdapter } from '../store/adapters.ts';
import type { DomainRow } from '../store/domains.ts';
import { findEncoder } from '../store/encoders.ts';
import type { Basis } from './ask-candidates.ts';
import type { MixturePart } from './back-end.ts';

/** Header of an answer, and the name of what made it: a mixture has no sha of its own. */
export const ENCODER_HEADER = 'x-prefloop-encoder';
export const MIXTURE = 'mixture';

/** What a person's votes make of the domain's basis. `mixture` has the parts that change something; it may have none. */
export type Mixing = {
  encoder: string;
  votes: number;
  names: ReadonlyMap<string, string>;
  mixture: MixturePart[];
};

/** What writes for a person: MIXTURE, or as for everybody an adapter's sha or the base. `mixing`: also where nothing comes of it. */
export type Writer = { model: string; mixing: Mixing | null };

/** The one place where it is decided whose mixture answers; `user` null = nobody's. */
export async function writerFor(c: Context<Env>, domain: DomainRow, user: string | null): Promise<Writer> {
  const mixing = user === null ? null : await mixingOf(c, domain, user);
  const isMixed = mixing !== null && mixing.mixture.length > 0;
  return { model: isMixed ? MIXTURE : servedBy(domain), mixing };
}

/** What answers everybody. */
export const servedBy = ({ live }: Pick<DomainRow, 'live'>): string => live ?? 'base';

/** null = the domain has no mixture. */
async function mixingOf(c: Context<Env>, { id, encoder }: DomainRow, user: string): Promise<Mixing | null> {
  if (encoder === null) return null;
  const embedding = await userEmbedding(c, { domain: id, user, kind: 'mixture' });
  if (embedding?.encoder.kind !== 'mixture') return null;
  const { sha, basis } = embedding.encoder;
  const { values, votes } = embedding.made;
  const parts = basis.map(({ adapter }, k) => ({ adapter, weight: values[k] ?? 0 }));
  const names = new Map(basis.map(({ adapter, name }) => [adapter, name]));
  return { encoder: sha, votes, names, mixture: parts.filter(({ weight }) => weight !== 0) };
}

/** What a text's features are in this domain: log-ratios under the basis of its mixture; null = it has none. */
export async function basisOf(c: Context<Env>, { encoder }: DomainRow): Promise<Basis | null> {
  const stored = encoder === null ? null : await findEncoder(c.var.db, c.var.project.id, encoder);
  if (stored?.encoder.kind !== 'mixture') return null;
  return { space: stored.encoder.space, adapters: stored.encoder.basis.map(({ adapter }) => adapter) };
}

/** user: tokens × width, what a picture's model is conditioned on; votes: that it was computed from. */
export type Personal = { user: number[][]; encoder: string; votes: number };

/**
 * Of the caller, or of the blend that was asked for, under the encoder that the live adapter was trained with; null = nobody's.
 * Throws ApiError: `forbidden` for another user's taste, `invalid_request` for an unknown reward or a blend that the adapter
 * cannot take.
 */
export async function personalOf(
  c: Context<Env>,
  domain: DomainRow,
  { personal, blend }: { personal: boolean; blend?: Blend | undefined },
): Promise<Personal | null> {
  if (blend) requireOwn(c, blend);
  const { caller } = c.var;
  if (blend) {
    const blended = await blendFor(c, domain, blend);
    if (blended) return blended;
    throw new ApiError('invalid_request', `blend: what ${domain.id} is served by knows no users.`);
  }
  return personal && caller.kind === 'user' ? ownTaste(c, domain, caller.user) : null;
}

/** A person's taste alone, as what is served by the domain is told it; null = it is told nobody's. */
export function ownTaste(c: Context<Env>, domain: DomainRow, user: string): Promise<Personal | null> {
  return blendFor(c, domain, [{ user, weight: 1 }]);
}

async function blendFor(c: Context<Env>, domain: DomainRow, parts: Blend): Promise<Personal | null> {
  const encoder = await setEncoderOf(c, domain);
  return encoder && mix(c, domain.id, encoder, parts);
}

function requireOwn(c: Context<Env>, blend: Blend): void {
  const { caller } = c.var;
  if (caller.kind === 'secret') return;
  if (caller.kind === 'user' && blend.every(({ user }) => user === undefined || user === caller.user)) return;
  throw new ApiError('forbidden', 'A user token may blend its own user’s taste and rewards, not another user’s.');
}

async function setEncoderOf(c: Context<Env>, { live }: DomainRow): Promise<SetEncoderInput | null> {
  const project = c.var.project.id;
  const adapter = live === null ? null : await findAdapter(c.var.db, project, live);
  const stored = adapter?.encoder ? await findEncoder(c.var.db, project, adapter.encoder) : null;
  return stored?.encoder.kind === 'set' ? stored.encoder : null;
}

/** What the parts leave is the prior's. */
async function mix(c: Context<Env>, domain: string, encoder: SetEncoderInput, parts: Blend): Promise<Personal> {
  const { sha, prior, tokens, width } = encoder;
  let votes = 0;
  let rest = 1;
  const sum = new Array<number>(tokens * width).fill(0);
  const add = (values: readonly number[], weight: number) => {
    for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + weight * (values[at] as number);
  };
  for (const { user, reward, weight } of parts) {
    rest -= weight;
    if (user === undefined) {
      add(rewardOf(encoder, reward ?? ''), weight);
      continue;
    }
    const embedding = await userEmbedding(c, { domain, user, encoder: sha });
    votes += embedding?.made.votes ?? 0;
    add(embedding?.made.values ?? prior, weight);
  }
  // Weights that sum to one do so only nearly.
  if (rest > 1e-6) add(prior, rest);
  const rows = Array.from({ length: tokens }, (_, row) => sum.slice(row * width, (row + 1) * width));
  return { user: rows, encoder: sha, votes };
}

function rewardOf({ rewards }: SetEncoderInput, name: string): readonly number[] {
  const known = rewards.find((reward) => reward.name === name);
  if (known) return known.values;
  const names = rewards.map((reward) => reward.name).join(', ') || 'none';
  throw new ApiError('invalid_request', `blend: there is no reward ${name}; known are: ${names}.`);
}
