import { describe, expect, it } from 'vitest';
import { RecordId } from '../../../shared/contracts/ids.ts';
import { uuidv7, uuidv7Time } from '../../../shared/math/uuidv7.ts';

describe('uuidv7', () => {
  it('is a version 7 UUID that carries its time', () => {
    const time = Date.now() + 1_000;
    const id = uuidv7(time);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(RecordId.safeParse(id).success).toBe(true);
    expect(uuidv7Time(id)).toBe(time);
  });

  it('sorts by the order of making, also within a millisecond and when the clock steps back', () => {
    const time = Date.now() + 2_000;
    const ids = [...Array.from({ length: 10_000 }, () => uuidv7(time)), uuidv7(time - 5_000), uuidv7(time + 60_000)];
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('reads no time out of an id of another form', () => {
    expect(uuidv7Time('f47ac10b-58cc-4372-a567-0e02b2c3d479')).toBeNull();
    expect(uuidv7Time(`h${'0'.repeat(40)}`)).toBeNull();
  });
});
