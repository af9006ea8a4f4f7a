import { expect, test } from 'vitest';
import { type ImportOptions, importPreferences } from '../../../shared/cli/import-preferences.ts';
import { type Position, readLines } from '../../../shared/cli/lines.ts';
import { EdgeError } from '../../../shared/client/client.ts';

type Items = Parameters<ImportOptions['client']['createPreferences']>[0];

/** What an edge does with a bulk call, in as few words as possible: it keeps what it sees and tells what is new. */
function startStore(refuse: (items: Items) => EdgeError | undefined = () => undefined) {
  const ids: string[] = [];
  const calls: number[] = [];
  let [open, mostOpen] = [0, 0];
  async function createPreferences(items: Items) {
    calls.push(items.length);
    mostOpen = Math.max(mostOpen, ++open);
    await new Promise((resolve) => setTimeout(resolve, items.length % 3));
    open -= 1;
    const error = refuse(items);
    if (error) throw error;
    const answers = items.map(({ id }, index) => {
      const result = ids.includes(id) ? ('duplicate' as const) : ('created' as const);
      if (result === 'created') ids.push(id);
      return { index, id, result };
    });
    const created = answers.filter(({ result }) => result === 'created').length;
    return { created, duplicates: items.length - created, rejected: 0, items: answers };
  }
  return { client: { createPreferences }, ids, calls, mostOpen: () => mostOpen };
}

const row = (n: number) => JSON.stringify({ prompt: `What is ${n}?`, chosen: `${n}.`, rejected: 'I do not know.' });
const fileOf = (rows: string[]) => Buffer.from(rows.map((each) => `${each}\n`).join(''));

async function* chunks(bytes: Buffer) {
  for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997);
}

const settings = { format: 'trl', domain: 'sums', columns: {}, chat: false } as const;
const lines = (bytes: Buffer, from: Position = { offset: 0, line: 0 }) =>
  readLines(chunks(bytes.subarray(from.offset)), from);

test('every row is sent once, in the order of the file, in calls of the size asked for', async () => {
  const store = startStore();
  const bytes = fileOf(Array.from({ length: 1234 }, (_, n) => row(n)));
  const counts = await importPreferences({ ...settings, client: store.client, lines: lines(bytes) });
  expect(counts).toMatchObject({ rows: 1234, stored: 1234, duplicates: 0, rejected: 0 });
  expect(store.calls).toEqual([500, 500, 234]);
  expect(store.mostOpen()).toBe(1);
  const again = await importPreferences({ ...settings, client: store.client, lines: lines(bytes) });
  expect(again).toMatchObject({ rows: 1234, stored: 0, duplicates: 1234 });
});

test('with several calls in flight progress is still told in the order of the file', async () => {
  const store = startStore();
  const bytes = fileOf(Array.from({ length: 100 }, (_, n) => row(n)));
  const seen: number[] = [];
  const onBatch = ({ position }: { position: Position }) => void seen.push(position.line);
  const options = { ...settings, client: store.client, lines: lines(bytes), batchSize: 7, concurrency: 4, onBatch };
  expect(await importPreferences(options)).toMatchObject({ rows: 100, stored: 100 });
  // How many really overlap is the scheduler's business; never more than asked for, and not one after the other.
  expect(store.mostOpen()).toBeGreaterThan(1);
  expect(store.mostOpen()).toBeLessThanOrEqual(4);
  expect(seen).toEqual([7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84, 91, 98, 100]);
});

test('bad rows are reported with their lines, wherever they stand, and the others are stored', async () => {
  const store = startStore();
  const rows = [row(0), 'not json', '', row(1), '[]', '   ', row(2), JSON.stringify({ prompt: 'p', chosen: 'a' })];
  const reports: unknown[] = [];
  const onBatch = (batch: { reports: unknown[] }) => void reports.push(...batch.reports);
  const counts = await importPreferences({
    ...settings,
    client: store.client,
    lines: lines(fileOf(rows)),
    batchSize: 2,
    onBatch,
  });
  expect(counts).toEqual({
    rows: 6,
    stored: 3,
    duplicates: 0,
    rejected: 3,
    reasons: { invalidJson: 1, wrongType: 1, missingField: 1 },
    notTrainable: {},
  });
  expect(reports).toMatchObject([
    { line: 2, reason: 'invalidJson' },
    { line: 5, reason: 'wrongType' },
    { line: 8, reason: 'missingField', field: 'rejected' },
  ]);
});

test('stopped by the edge at any call, it goes on from the last settled place and stores every row once', async () => {
  const bytes = fileOf(Array.from({ length: 60 }, (_, n) => (n % 11 === 5 ? 'broken' : row(n))));
  for (let failing = 1; failing <= 8; failing++) {
    let calls = 0;
    const store = startStore(() =>
      ++calls === failing ? new EdgeError({ code: 'network', message: 'gone' }) : undefined,
    );
    let state = { position: { offset: 0, line: 0 }, counts: undefined as ImportOptions['counts'] };
    const run = () =>
      importPreferences({
        ...settings,
        client: store.client,
        lines: lines(bytes, state.position),
        batchSize: 8,
        concurrency: 2,
        ...(state.counts && { counts: state.counts }),
        onBatch: ({ position, counts }) => {
          state = { position, counts: structuredClone(counts) };
        },
      });
    await expect(run()).rejects.toThrow('gone');
    const counts = await run();
    expect(counts.rows).toBe(60);
    expect(counts.reasons).toEqual({ invalidJson: 5 });
    expect(counts.stored + counts.duplicates).toBe(55);
    expect(new Set(store.ids).size).toBe(55);
    expect(store.ids).toHaveLength(55);
  }
});

test('a body that is too large is sent in halves; only the row that is too large alone is rejected', async () => {
  const tooLarge = new EdgeError({ code: 'too_large', status: 413, message: 'A body may have 16 MB at most.' });
  const store = startStore((items) => (JSON.stringify(items).length > 3000 ? tooLarge : undefined));
  const huge = JSON.stringify({ prompt: 'p', chosen: 'y'.repeat(4000), rejected: 'n' });
  const rows = [...Array.from({ length: 20 }, (_, n) => row(n)), huge, row(21)];
  const counts = await importPreferences({ ...settings, client: store.client, lines: lines(fileOf(rows)) });
  expect(counts).toMatchObject({ rows: 22, stored: 21, rejected: 1, reasons: { too_large: 1 } });
});

test('long rows make small calls', async () => {
  const store = startStore();
  const long = (n: number) =>
    JSON.stringify({ prompt: `p${n}`, chosen: 'y'.repeat(90_000), rejected: 'n'.repeat(90_000) });
  const bytes = fileOf(Array.from({ length: 12 }, (_, n) => long(n)));
  await importPreferences({ ...settings, client: store.client, lines: lines(bytes) });
  expect(Math.max(...store.calls)).toBeLessThanOrEqual(6);
  expect(store.ids).toHaveLength(12);
});

test('the file is read no faster than its rows are stored', async () => {
  let [read, settled, furthest] = [0, 0, 0];
  async function* endless() {
    for (let n = 0; settled < 2000; n++) {
      read += 1;
      furthest = Math.max(furthest, read - settled);
      yield Buffer.from(`${row(n)}\n`);
    }
  }
  const store = startStore();
  const onBatch = ({ counts }: { counts: { rows: number } }) => {
    settled = counts.rows;
  };
  const options = {
    ...settings,
    client: store.client,
    lines: readLines(endless()),
    batchSize: 100,
    concurrency: 2,
    onBatch,
  };
  await importPreferences(options);
  expect(furthest).toBeLessThanOrEqual(301);
});

test('an interruption ends it with the reason', async () => {
  const controller = new AbortController();
  const store = startStore();
  const bytes = fileOf(Array.from({ length: 50 }, (_, n) => row(n)));
  const onBatch = () => controller.abort(new Error('interrupted'));
  const options = {
    ...settings,
    client: store.client,
    lines: lines(bytes),
    batchSize: 10,
    signal: controller.signal,
    onBatch,
  };
  await expect(importPreferences(options)).rejects.toThrow('interrupted');
  expect(store.ids.length).toBeLessThan(50);
});
