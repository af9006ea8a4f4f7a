import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { streamChanges } from '../../../worker/routes/event-stream.ts';

describe('a stream of changes', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function open(look: () => Promise<number | null>, leave = new AbortController()) {
    const isNews = (one: number, other: number) => one !== other;
    const response = streamChanges({ event: 'n', first: 0, look, isNews, signal: leave.signal });
    const reader = (response.body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();
    const said: string[] = [];
    let ended = false;
    void (async () => {
      for (let part = await reader.read(); !part.done; part = await reader.read()) said.push(part.value);
      ended = true;
    })();
    return { said: () => said.join(''), ended: () => ended, leave: () => leave.abort() };
  }

  it('says how often to ask again, the first value, and then what is new', async () => {
    let n = 0;
    const { said, ended } = open(async () => Math.floor(n++ / 2));
    await vi.advanceTimersByTimeAsync(1000);
    expect(said()).toBe('retry: 1000\nevent: n\ndata: 0\n\n');
    await vi.advanceTimersByTimeAsync(6000);
    expect(said()).toBe('retry: 1000\nevent: n\ndata: 0\n\nevent: n\ndata: 1\n\n');
    expect(ended()).toBe(false);
  });

  it('shows every quarter of a minute that it stands, and ends after five minutes', async () => {
    const { said, ended } = open(async () => 0);
    await vi.advanceTimersByTimeAsync(65_000);
    expect(said().match(/: still here/g)).toHaveLength(4);
    expect(ended()).toBe(false);
    await vi.advanceTimersByTimeAsync(240_000);
    expect(ended()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends when what it watches is gone, or cannot be read', async () => {
    const gone = open(async () => null);
    const complain = vi.spyOn(console, 'error').mockImplementation(() => {});
    const broken = open(() => Promise.reject(new Error('no database')));
    await vi.advanceTimersByTimeAsync(3000);
    expect([gone.ended(), broken.ended()]).toEqual([true, true]);
    expect(complain).toHaveBeenCalledOnce();
    complain.mockRestore();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('looks no more once its reader has left', async () => {
    let looks = 0;
    const { leave } = open(async () => looks++);
    await vi.advanceTimersByTimeAsync(5000);
    leave();
    const before = looks;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(looks).toBe(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never begins for a reader who has left already', async () => {
    let looks = 0;
    const gone = new AbortController();
    gone.abort();
    const { said, ended } = open(async () => looks++, gone);
    await vi.advanceTimersByTimeAsync(60_000);
    expect([said(), ended(), looks, vi.getTimerCount()]).toEqual(['', true, 0, 0]);
  });

  it('looks no more once what it says is refused', async () => {
    let looks = 0;
    const isNews = (one: number, other: number) => one !== other;
    const look = async () => ++looks;
    const response = streamChanges({ event: 'n', first: 0, look, isNews, signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(3000);
    await response.body?.cancel();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([looks, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
