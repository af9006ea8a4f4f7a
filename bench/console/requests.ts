/** Every GET request that the console's page makes, by the view that makes it: a new one is a new line. */
import type { ZodType } from 'zod';
import { BatchList } from '../../shared/contracts/batch.ts';
import { ConsoleSession, DomainLive } from '../../shared/contracts/console.ts';
import { Domain, DomainList } from '../../shared/contracts/domain.ts';
import { Embedding, EncoderRecord } from '../../shared/contracts/encoder.ts';
import { KeyList } from '../../shared/contracts/key.ts';
import { PreferencePage } from '../../shared/contracts/preference.ts';
import { RaterReport } from '../../shared/contracts/rater.ts';
import { UserRoute } from '../../shared/contracts/route.ts';
import { SampleList } from '../../shared/contracts/sample.ts';
import { DomainStats } from '../../shared/contracts/stats.ts';

export type ConsoleRequest = {
  view: string;
  path: string;
  /** What the answer is checked by, once; null = not JSON of a contract. */
  shape: ZodType | null;
  /** Of a stream: the time to its first event. */
  isStream?: true;
};

type Facts = { domain: string; person: string; taste: string; encoder: string; seq: number };

/** person: one with many votes; taste: one with an embedding; seq: in the middle of all votes. */
export function consoleRequests({ domain, person, taste, encoder, seq }: Facts): ConsoleRequest[] {
  const of = `/v1/domains/${domain}`;
  const batches = (state: string) => `/v1/batches?domain=${domain}&state=${state}`;
  return [
    { view: 'all', path: '/console', shape: null },
    { view: 'all', path: '/console/session', shape: ConsoleSession },
    { view: 'all', path: '/v1/domains', shape: DomainList },
    { view: 'all', path: `${of}/stats`, shape: DomainStats },
    { view: 'all', path: `${of}/events`, shape: DomainLive, isStream: true },
    { view: 'now', path: batches('quarantined'), shape: BatchList },
    { view: 'now', path: batches('leased'), shape: BatchList },
    { view: 'now', path: batches('ready'), shape: BatchList },
    { view: 'people', path: `${of}/raters`, shape: RaterReport },
    { view: 'person', path: `/v1/users/${taste}/route?domain=${domain}`, shape: UserRoute },
    { view: 'person', path: `/v1/users/${person}/route?domain=${domain}`, shape: UserRoute },
    { view: 'person', path: `/v1/preferences?user=${person}&domain=${domain}&limit=50`, shape: PreferencePage },
    { view: 'person', path: `/v1/users/${taste}/embedding?domain=${domain}`, shape: Embedding },
    { view: 'person', path: `/v1/encoders/${encoder}`, shape: EncoderRecord },
    { view: 'answers', path: `${of}/samples?count=4`, shape: SampleList },
    { view: 'settings', path: of, shape: Domain },
    { view: 'settings', path: '/openapi.json', shape: null },
    { view: 'settings', path: '/v1/keys', shape: KeyList },
    { view: 'export', path: `/v1/preferences?domain=${domain}&limit=500`, shape: PreferencePage },
    { view: 'export', path: `/v1/preferences?domain=${domain}&after=${seq}&limit=500`, shape: PreferencePage },
  ];
}
