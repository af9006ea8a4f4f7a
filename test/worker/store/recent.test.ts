import { expect, it } from 'vitest';
import { Recent } from '../../../worker/store/recent.ts';

it('what was asked for last is kept, within a bound', () => {
  const recent = new Recent<number[]>(20, ({ length }) => length);
  const half = new Array<number>(10).fill(0);
  recent.keep('one', half);
  recent.keep('two', half);
  recent.find('one');
  recent.keep('three', half);
  expect(recent.find('one')).toBe(half);
  expect(recent.find('two')).toBeUndefined();
  expect(recent.find('three')).toBe(half);
});

it('a value takes the place of the one before it, and what is too large stays out', () => {
  const recent = new Recent<number[]>(20, ({ length }) => length);
  const of = (length: number) => new Array<number>(length).fill(0);
  for (let n = 0; n < 5; n++) recent.keep('one', of(15));
  recent.keep('two', of(5));
  expect(recent.find('one')).toHaveLength(15);
  recent.forget('one');
  recent.keep('three', of(15));
  expect([recent.find('one'), recent.find('two')?.length, recent.find('three')?.length]).toEqual([undefined, 5, 15]);
  recent.keep('four', of(21));
  expect(['two', 'three', 'four'].map((each) => recent.find(each))).toEqual([undefined, undefined, undefined]);
});
