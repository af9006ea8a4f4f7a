/** Sends batches of rows to an edge and counts what became of every one. */
import type { Client } from '../client/client.ts';
import { EdgeError } from '../client/client.ts';
import { type ImportBatch, makeBatches, type RowReport, type Source } from './import-batches.ts';
import type { Line, Position } from './lines.ts';
import { addTo, type Tally } from './tally.ts';

/** rows = stored + duplicates + rejected, always. */
export interface ImportCounts {
  rows: number;
  stored: number;
  /** Stored before: this file names the row twice, or an earlier import did. */
  duplicates: number;
  rejected: number;
  /** Rejected rows by reason. */
  reasons: Tally;
  /** Stored rows that can never train, by reason. */
  notTrainable: Tally;
}

export interface ImportOptions extends Source {
  client: Pick<Client, 'createPreferences'>;
  lines: AsyncIterable<Line>;
  /** Rows of one call, 500 at most. */
  batchSize?: number;
  /** Calls in flight. With 1 the edge keeps the order of the file. */
  concurrency?: number;
  signal?: AbortSignal;
  /** Of an earlier run that is being continued. */
  counts?: ImportCounts;
  /** After every batch, in the order of the file: everything before `position` is settled. */
  onBatch?: (progress: { position: Position; counts: ImportCounts; reports: RowReport[] }) => Promise<void> | void;
}

export const noCounts = (): ImportCounts => ({
  rows: 0,
  stored: 0,
  duplicates: 0,
  rejected: 0,
  reasons: {},
  notTrainable: {},
});

type Outcome = { batch: ImportBatch; stored: number; duplicates: number; reports: RowReport[] };

/** A body that is too large is halved; a single row that is too large is that row's own failure. */
async function sendItems(items: ImportBatch['items'], options: ImportOptions): Promise<Omit<Outcome, 'batch'>> {
  const [first] = items;
  if (!first) return { stored: 0, duplicates: 0, reports: [] };
  try {
    const inputs = items.map(({ input }) => input);
    const result = await options.client.createPreferences(inputs, { signal: options.signal });
    return {
      stored: result.created,
      duplicates: result.duplicates,
      reports: result.items.flatMap((item) => reportItem(item, items)),
    };
  } catch (error) {
    if (!(error instanceof EdgeError) || error.status !== 413) throw error;
    if (items.length === 1) {
      const report = {
        line: first.line,
        result: 'rejected',
        reason: error.code,
        field: null,
        message: error.message,
      } as const;
      return { stored: 0, duplicates: 0, reports: [report] };
    }
    const middle = items.length >> 1;
    const [a, b] = [await sendItems(items.slice(0, middle), options), await sendItems(items.slice(middle), options)];
    return {
      stored: a.stored + b.stored,
      duplicates: a.duplicates + b.duplicates,
      reports: [...a.reports, ...b.reports],
    };
  }
}

type Answer = Awaited<ReturnType<Client['createPreferences']>>['items'][0];

function reportItem(answer: Answer, items: ImportBatch['items']): RowReport[] {
  const line = items[answer.index]?.line ?? 0;
  if (answer.result === 'rejected') {
    const { code = 'internal', message = 'rejected by the edge' } = answer;
    return [{ line, result: 'rejected', reason: code, field: null, message }];
  }
  if (!answer.notTrainable) return [];
  const message = 'stored, but it can never be trained on';
  return [{ line, result: 'notTrainable', reason: answer.notTrainable, field: null, message }];
}

function count(counts: ImportCounts, { batch, stored, duplicates, reports }: Outcome): RowReport[] {
  const all = [...batch.reports, ...reports].sort((a, b) => a.line - b.line);
  counts.rows += batch.rows;
  counts.stored += stored;
  counts.duplicates += duplicates;
  for (const { result, reason } of all) {
    if (result === 'rejected') counts.rejected += 1;
    addTo(result === 'rejected' ? counts.reasons : counts.notTrainable, reason);
  }
  return all;
}

/**
 * Imports every line. Bad rows are counted and reported, never thrown. What throws is the edge: EdgeError after the
 * client's own retries, or the reason of an aborted signal; everything `onBatch` was told of is stored by then.
 */
export async function importPreferences(options: ImportOptions): Promise<ImportCounts> {
  const { lines, batchSize = 500, concurrency = 1, signal, onBatch } = options;
  const counts = structuredClone(options.counts ?? noCounts());
  const inFlight: Promise<Outcome>[] = [];

  async function settleOldest(): Promise<void> {
    const outcome = await inFlight.shift();
    if (!outcome) return;
    const reports = count(counts, outcome);
    await onBatch?.({ position: outcome.batch.end, counts, reports });
  }

  try {
    for await (const batch of makeBatches(lines, options, batchSize)) {
      while (inFlight.length >= concurrency) await settleOldest();
      signal?.throwIfAborted();
      const sent = sendItems(batch.items, options).then((outcome) => ({ batch, ...outcome }));
      sent.catch(() => undefined);
      inFlight.push(sent);
    }
    while (inFlight.length > 0) await settleOldest();
  } finally {
    await Promise.allSettled(inFlight);
  }
  return counts;
}
