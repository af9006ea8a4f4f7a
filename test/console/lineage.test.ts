import { describe, expect, it } from 'vitest';
import { layOut, lineBetween } from '../../worker/console/page/lineage.ts';

const made = (...pairs: [string, string | null][]) => pairs.map(([sha, parent]) => ({ sha, parent }));
const drawn = (adapters: ReturnType<typeof made>, head: string | null) =>
  layOut(adapters, head).rows.map(({ adapter, lane, passing, joining, goesOn }) => [
    adapter === undefined ? 'earlier' : (adapter?.sha ?? 'base'),
    lane,
    passing,
    joining,
    goesOn,
  ]);

describe('the graph of adapters', () => {
  it('is one lane from the head down to the base', () => {
    expect(drawn(made(['a', null], ['b', 'a']), 'b')).toEqual([
      ['b', 0, [], [], true],
      ['a', 0, [], [0], true],
      ['base', 0, [], [0], false],
    ]);
  });

  it('gives a branch that was cut off a lane of its own, which joins where it left', () => {
    const adapters = made(['a', null], ['b', 'a'], ['cut', 'b'], ['c', 'b']);
    expect(drawn(adapters, 'c')).toEqual([
      ['c', 0, [], [], true],
      ['cut', 1, [0], [], true],
      ['b', 0, [], [0, 1], true],
      ['a', 0, [], [0], true],
      ['base', 0, [], [0], false],
    ]);
  });

  it('keeps the first lane for the head when what was cut off is newer', () => {
    expect(drawn(made(['a', null], ['cut', 'a']), 'a')).toEqual([
      ['cut', 1, [], [], true],
      ['a', 0, [], [1], true],
      ['base', 0, [], [0], false],
    ]);
  });

  it('says that there are earlier adapters where a parent is not among those known', () => {
    expect(drawn(made(['b', 'a'], ['c', 'b']), 'c').map(([name]) => name)).toEqual(['c', 'b', 'earlier', 'base']);
  });

  it('has every adapter once, and room for every lane, however wildly they descend', () => {
    for (let seed = 1; seed < 40; seed++) {
      const adapters = Array.from({ length: 30 }, (_, n) => {
        const parent = (n * seed * 7 + seed) % (n + 1);
        return { sha: `s${n}`, parent: parent === n ? null : `s${parent}` };
      });
      const { rows, lanes } = layOut(adapters, `s${seed % 30}`);
      expect(rows.flatMap(({ adapter }) => adapter?.sha ?? [])).toEqual(adapters.map(({ sha }) => sha).toReversed());
      for (const { lane, passing, joining } of rows) {
        expect(Math.max(lane, ...passing, ...joining)).toBeLessThan(lanes);
        expect(passing).not.toContain(lane);
      }
    }
  });

  it('knows what a rewind cuts, and when it cannot know', () => {
    const adapters = made(['b', 'a'], ['c', 'b']);
    expect(lineBetween(adapters, 'c', 'b')?.map(({ sha }) => sha)).toEqual(['c']);
    expect(lineBetween(adapters, 'c', 'c')).toEqual([]);
    expect(lineBetween(adapters, 'c', null)).toBe(null);
    expect(lineBetween(made(['a', null]), 'a', null)?.map(({ sha }) => sha)).toEqual(['a']);
  });
});
