import { describe, expect, it } from 'vitest';
import { featureDistance, mostDifferent, textDistance } from '../../../worker/inference/most-different.ts';

const differing = (texts: string[], k: number) => mostDifferent(texts.length, k, textDistance(texts));

describe('the texts that differ most', () => {
  const texts = [
    'Please restart the router.',
    'Please restart the router!',
    'Hello! 😀 Turn it off.',
    'Please restart it.',
  ];

  it('are the two that share the fewest trigrams', () => {
    expect(differing(texts, 2)).toEqual([0, 2]);
  });

  it('are joined by the one whose nearest of them is farthest', () => {
    expect(differing(texts, 3)).toEqual([0, 2, 3]);
  });

  it('are found in scripts without spaces', () => {
    expect(differing(['ルーターを再起動', 'ルーターを再起動し', '電源を切ってください'], 2)).toEqual([0, 2]);
  });

  it('are all of them where no more are there', () => {
    expect(differing(['a', 'b'], 2)).toEqual([0, 1]);
    expect(differing(['a'], 2)).toEqual([0]);
  });

  it('are the first where all are alike, empty ones too', () => {
    expect(differing(['', '', ''], 2)).toEqual([0, 1]);
    expect(differing(['same', 'same', 'same'], 2)).toEqual([0, 1]);
  });

  it('are found among eight of the longest within a moment', () => {
    const long = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(100_000));
    expect(differing(long, 4)).toHaveLength(4);
  });
});

describe('the pictures that differ most', () => {
  const vectors = [
    [0, 0],
    [0, 1],
    [4, 0],
    [0, 3],
    [4, 3],
  ];
  const differing = (k: number) => mostDifferent(vectors.length, k, featureDistance(vectors));

  it('are farthest apart in their features', () => {
    expect(differing(2)).toEqual([0, 4]);
    expect(differing(3)).toEqual([0, 2, 4]);
    expect(differing(4)).toEqual([0, 2, 3, 4]);
  });
});
