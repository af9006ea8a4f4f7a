import { describe, expect, it } from 'vitest';
import type { AdapterRecord } from '../../shared/contracts/adapter.ts';
import { agreementLine, trackOf } from '../../worker/console/page/curves.ts';

const adapter = (sha: string, parent: string | null, metrics = {}) =>
  ({ sha, parent, metrics, preferences: 10 }) as AdapterRecord;

describe('curves', () => {
  it('follow the line of the head, and leave out what a rewind cut off', () => {
    const adapters = [adapter('a', null), adapter('cut', 'a'), adapter('b', 'a')];
    const track = trackOf(adapters, 'b', 'votes');
    expect([track.adapters.map(({ sha }) => sha), track.x, track.cut]).toEqual([['a', 'b'], [10, 20], 1]);
    expect(trackOf(adapters, 'b', 'adapters').x).toEqual([1, 2]);
    expect(trackOf(adapters, null, 'votes').x).toEqual([]);
  });

  it('give a share its interval, and nothing where nothing was measured', () => {
    const metrics = { accuracyBefore: 0.8, accuracyBeforeCount: 10 };
    const track = trackOf([adapter('a', null), adapter('b', 'a', metrics)], 'b', 'votes');
    const [first, second] = agreementLine(track);
    expect(first).toEqual({ value: null });
    expect(second?.value).toBeCloseTo(0.8, 10);
    expect(second?.low).toBeCloseTo(0.4902, 3);
  });
});
