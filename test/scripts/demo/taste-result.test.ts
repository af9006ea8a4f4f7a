import { describe, expect, it } from 'vitest';
import { compareTastes, type Liking } from '../../../scripts/demo/taste-result.ts';

describe('what is made for people, against what everyone gets', () => {
  it('is judged by the taste of whom it was made for, and apart from that by the tastes of the others', () => {
    // one prompt, two people, two seeds: each likes what is their own, and nothing of the other's
    const everyone: Liking[][][] = [
      [
        [0, 0],
        [0, 0],
      ],
    ];
    const mine: Liking[][][][] = [
      [
        [
          [2, 1],
          [-1, -1],
        ],
      ],
      [
        [
          [-1, 0],
          [1, 0],
        ],
      ],
    ];
    const { winRate, stranger, gain } = compareTastes(mine, everyone, 0);
    expect(winRate).toMatchObject({ value: 7 / 8, n: 2 });
    expect(stranger.value).toBe(1 / 8);
    expect(gain.value).toBe(1);
  });

  it('counts what is outside the grammar as worse than anything within, and in no sum', () => {
    const everyone: Liking[][][] = [[[0, null, null]]];
    const mine: Liking[][][][] = [[[[null, -5, null]]]];
    const { winRate, gain, sound, soundForEveryone } = compareTastes(mine, everyone, 0);
    expect(winRate.value).toBe(0.5);
    expect(gain.n).toBe(0);
    expect(sound).toBeCloseTo(1 / 3);
    expect(soundForEveryone).toBeCloseTo(1 / 3);
  });
});
