import { describe, expect, it } from 'vitest';
import { mostDifferent } from '../../../worker/inference/most-different.ts';

describe('the texts that differ most', () => {
  const texts = [
    'Please restart the router.',
    'Please restart the router!',
    'Hello! 😀 Turn it off.',
    'Please restart it.',
  ];

  it('are the two that share the fewest trigrams', () => {
    expect(mostDifferent(texts, 2)).toEqual([0, 2]);
  });

  it('are joined by the one whose nearest of them is farthest', () => {
    expect(mostDifferent(texts, 3)).toEqual([0, 2, 3]);
  });

  it('are found in scripts without spaces', () => {
    expect(mostDifferent(['ルーターを再起動', 'ルーターを再起動し', '電源を切ってください'], 2)).toEqual([0, 2]);
  });

  it('are all of them where no more are there', () => {
    expect(mostDifferent(['a', 'b'], 2)).toEqual([0, 1]);
    expect(mostDifferent(['a'], 2)).toEqual([0]);
  });

  it('are the first where all are alike, empty ones too', () => {
    expect(mostDifferent(['', '', ''], 2)).toEqual([0, 1]);
    expect(mostDifferent(['same', 'same', 'same'], 2)).toEqual([0, 1]);
  });

  it('are found among eight of the longest within a moment', () => {
    const long = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(100_000));
    expect(mostDifferent(long, 4)).toHaveLength(4);
  });
});
