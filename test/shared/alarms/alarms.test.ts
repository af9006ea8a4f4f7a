import { describe, expect, it } from 'vitest';
import { findAlarms } from '../../../shared/alarms/alarms.ts';
import type { AdapterRecord } from '../../../shared/contracts/adapter.ts';
import type { DomainStats } from '../../../shared/contracts/stats.ts';

const NOW = 1_000_000_000;
const gate = (facts: Partial<AdapterRecord['gates'][number]> = {}): AdapterRecord['gates'][number] => ({
  ...{ name: 'displacement', value: 0.1, low: -0.1, high: 0.3, n: 10, bound: 0.5, passed: true, reason: null },
  ...facts,
});

function adapter(sha: string, parent: string | null, facts: Partial<AdapterRecord> = {}): AdapterRecord {
  return {
    sha,
    parent,
    preferences: 10,
    metrics: {},
    gates: [gate()],
    losses: [],
    createdAt: NOW,
    ...facts,
  } as AdapterRecord;
}

function stats(facts: Partial<DomainStats> = {}, domain: Partial<DomainStats['domain']> = {}): DomainStats {
  return {
    domain: { id: 'd', head: 'a', live: 'a', batchSize: 10, maxAttempts: 3, createdAt: NOW, ...domain },
    preferences: { waiting: 0, batched: 0, consumed: 10, heldOut: 0, notTrainable: 0, superseded: 0, quarantined: 0 },
    batches: { ready: 0, leased: 0, completed: 1, quarantined: 0 },
    ...{ notTrainable: {}, adapters: [adapter('a', null)], moves: [] },
    ...facts,
  } as DomainStats;
}

const words = (given: DomainStats, now = NOW) => findAlarms(given, now).map(({ level, words }) => `${level}: ${words}`);

describe('alarms', () => {
  it('are silent when all is well', () => {
    expect(words(stats())).toEqual([]);
  });

  it('name batches that were set aside, with their votes', () => {
    const base = stats();
    const given = stats({
      batches: { ...base.batches, quarantined: 2 },
      preferences: { ...base.preferences, quarantined: 24 },
    });
    expect(words(given)).toEqual(['alarm: 2 batches failed 3 times and were set aside: 24 votes wait in them.']);
  });

  it('say why the head is held back, and who answers meanwhile', () => {
    const failed = gate({ name: 'kl', passed: false, reason: 'it drifted by 0.9, more than 0.6.' });
    const given = stats({ adapters: [adapter('a', null), adapter('b', 'a', { gates: [failed] })] }, { head: 'b' });
    expect(words(given)).toEqual([
      'alarm: The head b is held back: it drifted by 0.9, more than 0.6. a answers meanwhile.',
    ]);
  });

  it('tell displacement when its whole interval is above zero, though its bound holds', () => {
    expect(words(stats({ adapters: [adapter('a', null, { gates: [gate({ value: 0.2, low: 0.05 })] })] }))[0]).toContain(
      'displacement',
    );
    expect(words(stats({ adapters: [adapter('a', null, { gates: [gate({ value: 0.2, low: 0 })] })] }))).toEqual([]);
  });

  it('tell it too when both rewards fall while the margin grows', () => {
    const fall = { margin: 0.3, rewardsChosen: -0.1, rewardsRejected: -0.4 };
    expect(words(stats({ adapters: [adapter('a', null, { metrics: fall })] }))[0]).toContain('both fall');
    const rise = { ...fall, rewardsChosen: 0.1 };
    expect(words(stats({ adapters: [adapter('a', null, { metrics: rise })] }))).toEqual([]);
  });

  it('ask for a runner only after votes have waited for a while', () => {
    const base = stats();
    const given = stats({ preferences: { ...base.preferences, waiting: 10 } });
    expect(words(given, NOW + 60_000)).toEqual([]);
    expect(words(given, NOW + 11 * 60_000)).toEqual(['notice: 10 votes wait and nobody trains: is a runner running?']);
  });
});
