/** What asks for an operator, in words: pure, from the statistics. Worst first. */
import type { AdapterRecord } from '../contracts/adapter.ts';
import type { DomainStats } from '../contracts/stats.ts';
import { list, plural, short, signed, votes } from './words.ts';

/** `view` and `rest` say where the console shows more. */
export type Alarm = {
  level: 'alarm' | 'notice';
  words: string;
  view: 'now' | 'adapters' | 'learning';
  rest?: string[];
};

const MINUTES = 60_000;
const QUIET_MS = 10 * MINUTES;

const NAMES = { accuracy: 'held-out accuracy', displacement: 'displacement', kl: 'drift', length: 'length' };

export function findAlarms(stats: DomainStats, now: number): Alarm[] {
  const newest = stats.adapters.at(-1);
  const head = stats.adapters.find(({ sha }) => sha === stats.domain.head) ?? newest;
  return [
    ...quarantined(stats),
    ...(head ? [...heldBack(stats, head), ...displaced(head), ...skipped(head)] : []),
    ...(newest && stats.domain.live === null ? [notice('No adapter is served: the base answers.', 'adapters')] : []),
    ...idle(stats, newest, now),
  ];
}

const notice = (words: string, view: Alarm['view']): Alarm => ({ level: 'notice', words, view });

function quarantined({ batches, preferences, domain }: DomainStats): Alarm[] {
  if (batches.quarantined === 0) return [];
  const held = `${votes(preferences.quarantined)} ${preferences.quarantined === 1 ? 'waits' : 'wait'} in ${batches.quarantined === 1 ? 'it' : 'them'}`;
  const failed = `failed ${plural(domain.maxAttempts, 'time')}`;
  return [
    {
      level: 'alarm',
      words: `${plural(batches.quarantined, 'batch', 'batches')} ${failed} and ${batches.quarantined === 1 ? 'was' : 'were'} set aside: ${held}.`,
      view: 'now',
    },
  ];
}

function heldBack({ domain }: DomainStats, head: AdapterRecord): Alarm[] {
  const failed = head.gates.filter(({ passed }) => !passed);
  if (failed.length === 0) return [];
  const why = list(failed.map(({ name, reason }) => reason ?? NAMES[name]));
  const served =
    domain.live === head.sha
      ? 'It is served all the same.'
      : `${domain.live === null ? 'The base' : short(domain.live)} answers meanwhile.`;
  return [
    {
      level: 'alarm',
      words: `The head ${short(head.sha)} is held back: ${why.replace(/\.$/, '')}. ${served}`,
      view: 'adapters',
      rest: [head.sha],
    },
  ];
}

/** The 3D alarm: preferred answers themselves become less likely, which no bound has to forbid. */
function displaced(head: AdapterRecord): Alarm[] {
  const gate = head.gates.find(({ name }) => name === 'displacement');
  if (gate?.passed === false) return [];
  if (gate?.low != null && gate.low > 0 && gate.value !== null) {
    return [
      notice(
        `Preferred answers themselves became less likely than under the base, by ${signed(gate.value).replace('+', '')} a token: displacement.`,
        'learning',
      ),
    ];
  }
  const { margin = 0, rewardsChosen = 0, rewardsRejected = 0 } = head.metrics;
  if (margin > 0 && rewardsChosen < 0 && rewardsRejected < 0) {
    return [notice('The margin grows while chosen and rejected answers both fall: displacement begins.', 'learning')];
  }
  return [];
}

function skipped({ metrics }: AdapterRecord): Alarm[] {
  const { skippedSteps = 0 } = metrics;
  return skippedSteps > 0
    ? [
        notice(
          `${plural(skippedSteps, 'step')} of the newest training ${skippedSteps === 1 ? 'was' : 'were'} skipped: loss or gradient was not finite.`,
          'learning',
        ),
      ]
    : [];
}

function idle({ preferences, batches, domain }: DomainStats, newest: AdapterRecord | undefined, now: number): Alarm[] {
  const enough = batches.ready > 0 || preferences.waiting >= domain.batchSize;
  const since = newest?.createdAt ?? domain.createdAt;
  if (!enough || batches.leased > 0 || now - since < QUIET_MS) return [];
  return [
    notice(`${votes(preferences.waiting + preferences.batched)} wait and nobody trains: is a runner running?`, 'now'),
  ];
}
