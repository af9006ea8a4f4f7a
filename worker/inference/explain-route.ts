/** Why a person is answered as they are: decided by what answers them, and then put in words. */
import type { Context } from 'hono';
import { short } from '../../shared/alarms/words.ts';
import type { AdapterRecord } from '../../shared/contracts/adapter.ts';
import { MAX_EMBEDDED_VOTES } from '../../shared/contracts/encoder.ts';
import type { UserRoute } from '../../shared/contracts/route.ts';
import type { Env } from '../env.ts';
import { findAdapter } from '../store/adapters.ts';
import type { DomainRow } from '../store/domains.ts';
import { outputOf } from './output.ts';
import { MIXTURE, type Mixing, ownTaste, type Personal, servedBy, writerFor } from './personal.ts';

type Route = Omit<UserRoute, 'user' | 'domain'>;

/** Of a person who asks with a token of their own. Throws ApiError `encoder_invalid`, as their answer would. */
export async function explainRoute(c: Context<Env>, domain: DomainRow, user: string): Promise<UserRoute> {
  const live = domain.live === null ? null : await findAdapter(c.var.db, c.var.project.id, domain.live);
  const route =
    outputOf(domain, live) === 'pictures'
      ? explainPictures(domain, live, await ownTaste(c, domain, user))
      : explainTexts(domain, live, await writerFor(c, domain, user));
  return { user, domain: domain.id, ...route };
}

function explainTexts(
  domain: DomainRow,
  live: AdapterRecord | null,
  { model, mixing }: Awaited<ReturnType<typeof writerFor>>,
): Route {
  if (model === MIXTURE && mixing) {
    const because = [
      `Texts of this domain are mixed for each person, by the encoder ${short(mixing.encoder)}.`,
      sayVotes(mixing.votes, 'the weights are those that fit most people'),
      `To the base are added ${sayParts(mixing)}.`,
      `A secret key, or whoever asks with personal: false, is answered by ${sayServed(domain)}.`,
    ];
    return { adapter: null, personal: 'mixture', encoder: mixing.encoder, votes: mixing.votes, because };
  }
  const why =
    mixing !== null
      ? `The encoder ${short(mixing.encoder)} gives no adapter a weight for ${mixing.votes === 0 ? 'somebody whose votes say nothing of their taste yet' : 'this person'}: nothing is mixed.`
      : domain.encoder === null
        ? 'The domain has no user encoder: everybody is answered alike.'
        : `The domain’s encoder ${short(domain.encoder)} is one for pictures: texts are the same for everybody.`;
  return asForEverybody(domain, live, why);
}

function explainPictures(domain: DomainRow, live: AdapterRecord | null, taste: Personal | null): Route {
  if (!taste) {
    const why = live
      ? `${short(live.sha)} was trained without a user encoder: it draws the same for everybody.`
      : 'Only an adapter can be told whose taste it is, never the base.';
    return asForEverybody(domain, live, why);
  }
  const { encoder, votes } = taste;
  const because = [
    sayLive(live),
    `It was trained with the encoder ${short(encoder)}, and is told whose taste it draws for.`,
    sayVotes(votes, 'it is told the taste of nobody in particular'),
    ...(domain.encoder === encoder
      ? []
      : [
          `The domain now has ${domain.encoder === null ? 'no encoder' : `the encoder ${short(domain.encoder)}`}: that counts from the first live adapter trained with it on.`,
        ]),
    'A secret key, or whoever asks with personal: false, gets pictures for nobody in particular.',
  ];
  return { adapter: domain.live, personal: 'embedding', encoder, votes, because };
}

function asForEverybody(domain: DomainRow, live: AdapterRecord | null, why: string): Route {
  return { adapter: domain.live, personal: null, encoder: null, votes: 0, because: [sayLive(live), why] };
}

function sayLive(live: AdapterRecord | null): string {
  if (!live) return 'No adapter is served in this domain yet: the base answers.';
  const learned = live.preferences > 0 ? `, made from ${plural(live.preferences)}` : '';
  return `${short(live.sha)} is the adapter that this domain serves${learned}.`;
}

function sayServed(domain: DomainRow): string {
  const served = servedBy(domain);
  return served === 'base' ? 'the base' : `${short(served)}, the adapter that is served`;
}

function sayVotes(votes: number, otherwise: string): string {
  if (votes === 0) return `None of this person’s votes says anything of their taste yet: ${otherwise}.`;
  const isMost = votes === MAX_EMBEDDED_VOTES;
  return `Their taste is computed from ${isMost ? `the newest ${votes} votes` : plural(votes)} of theirs.`;
}

function sayParts({ mixture, names }: Mixing): string {
  const number = (weight: number) => weight.toFixed(2).replace('-', '−');
  return mixture
    .map(({ adapter, weight }) => `${number(weight)} × ${names.get(adapter)} (${short(adapter)})`)
    .join(', ');
}

const plural = (votes: number) => (votes === 1 ? 'one vote' : `${votes} votes`);
