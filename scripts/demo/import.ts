/** `npm run demo -- --auto --import FILE`: real pairs in, an adapter out, every row accounted for. */
import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type ImportCounts, importPreferences } from '../../shared/cli/import-preferences.ts';
import { readLines } from '../../shared/cli/lines.ts';
import { startProgress } from '../../shared/cli/progress-bar.ts';
import { MAX_ITEMS, type Preference, type PreferenceInput } from '../../shared/contracts/preference.ts';
import { Recipe } from '../../shared/contracts/recipe.ts';
import type { FormatName } from '../../shared/formats/format.ts';
import type { Estimate } from '../../shared/math/bootstrap.ts';
import { bootstrapClusters } from '../../shared/math/bootstrap-clusters.ts';
import { canonicalJson } from '../../shared/math/canonical-json.ts';
import { seededRandom } from '../../shared/math/random.ts';
import { recordId } from '../../shared/math/record-id.ts';
import { countTraining, type TrainingCount } from './lineage.ts';
import { python } from './processes.ts';
import { demoDomain, type Stack } from './stack.ts';

export type ImportOptions = {
  model: string;
  file: string;
  format: FormatName;
  holdOut: number;
  epochs: number;
  seed: number;
};

export type ImportResult = Pick<ImportCounts, 'rows' | 'stored' | 'duplicates' | 'rejected'> &
  TrainingCount & {
    /** Rows that a second import of the same file added. */
    second: number;
    heldOutRows: number;
    /** Held-out accuracy by log-probability per token: which of the two does the model find likelier? */
    heldOutBefore: Estimate;
    heldOutAfter: Estimate;
    /** Held-out accuracy by what training changed: log-probability against the base, β left out. */
    implicitReward: Estimate;
    /** The rule "the longer (shorter) one", chosen on the training part. */
    lengthAlone: Estimate;
    lengthRule: 'longer' | 'shorter';
    /** The same training on coin-flip labels, measured like implicitReward. */
    shuffledLabels: Estimate;
  };

const DOMAIN = 'imported';
const CONTROL = 'shuffled-labels';
const LIVE_PATIENCE_SECONDS = 60;
const LEARNING_RATE = 5e-4;

export async function runImport(stack: Stack, options: ImportOptions): Promise<ImportResult> {
  const changes = { batchSize: 64, holdOut: options.holdOut, gates: {} };
  // A file is no stream of votes that people still cast: one adapter does, at half the work of a fast and a slow one.
  const { epochs, seed } = options;
  const recipe = Recipe.parse({ method: 'dpo', learningRate: LEARNING_RATE, epochs, seed });
  await stack.admin.createDomain(demoDomain(DOMAIN, options.model, { ...changes, recipe }));
  await stack.admin.createDomain(demoDomain(CONTROL, options.model, { ...changes, recipe, holdOut: 0 }));

  const first = await importFile(stack, options);
  const second = await importFile(stack, options);
  const imported = await exportAll(stack, DOMAIN);
  const heldOut = imported.filter(({ status }) => status === 'heldOut');
  const training = imported.filter(({ status }) => status === 'waiting');
  await importShuffled(stack, training, options.seed);
  await trainUntilIdle(stack, [DOMAIN, CONTROL]);
  await untilLive(stack, [DOMAIN, CONTROL]);

  const pairs = heldOut.map(readPair);
  const after = await scorePairs(stack, options.model, DOMAIN, heldOut);
  const control = await scorePairs(stack, options.model, CONTROL, heldOut);
  /** Share of pairs with a positive margin, ties ½; a pair without a margin does not fit the model and is left out. */
  const accuracy = (margins: (number | undefined)[]) =>
    bootstrapClusters(
      margins.flatMap((margin, index) =>
        margin === undefined ? [] : [{ cluster: pairs[index]?.cluster ?? '', value: 0.5 + 0.5 * Math.sign(margin) }],
      ),
      { seed: options.seed },
    );
  const longer =
    training.map(readPair).reduce((sum, pair) => sum + Math.sign(pair.chosen.length - pair.rejected.length), 0) >= 0;
  return {
    rows: first.rows,
    stored: first.stored,
    duplicates: first.duplicates,
    rejected: first.rejected,
    second: second.stored,
    heldOutRows: heldOut.length,
    ...(await countTraining(stack.admin, DOMAIN)),
    heldOutBefore: accuracy(after.map((row) => row && perToken(row.base, row))),
    heldOutAfter: accuracy(after.map((row) => row && perToken(row.adapter, row))),
    implicitReward: accuracy(after.map((row) => row && rewardMargin(row))),
    lengthAlone: accuracy(pairs.map(({ chosen, rejected }) => (chosen.length - rejected.length) * (longer ? 1 : -1))),
    lengthRule: longer ? 'longer' : 'shorter',
    shuffledLabels: accuracy(control.map((row) => row && rewardMargin(row))),
  };
}

async function importFile(stack: Stack, { file, format }: ImportOptions): Promise<ImportCounts> {
  const progress = startProgress({ label: 'Importing', unit: 'rows' });
  const columns = { user: undefined, group: undefined, confidence: undefined };
  const counts = await importPreferences({
    client: stack.admin,
    lines: readLines(createReadStream(file), { offset: 0, line: 0 }),
    format,
    domain: DOMAIN,
    columns,
    chat: true,
    onBatch: ({ counts: { rows } }) => progress.update(rows),
  });
  progress.finish(
    `${counts.rows} rows: ${counts.stored} stored, ${counts.duplicates} already there, ${counts.rejected} rejected`,
  );
  return counts;
}

async function exportAll(stack: Stack, domain: string): Promise<Preference[]> {
  const all: Preference[] = [];
  for await (const preference of stack.admin.eachPreference({ domain, limit: 500 })) all.push(preference);
  return all;
}

/** The training part again in a domain of its own, every label drawn by a coin. */
async function importShuffled(stack: Stack, training: Preference[], seed: number): Promise<void> {
  const random = seededRandom(seed + 1);
  const items = await Promise.all(
    training.map(async ({ comparison: { id: _, ...comparison } }): Promise<PreferenceInput> => {
      const chosen = comparison.candidates[random() < 0.5 ? 0 : 1]?.id ?? '';
      const vote = { comparison: { ...comparison, domain: CONTROL }, choice: { type: 'pair' as const, chosen } };
      return { id: await recordId(vote), ...vote };
    }),
  );
  // Equal rows of the file get equal ids; a bulk call would report the second one as a conflict of labels.
  const unique = [...new Map(items.map((item) => [canonicalJson(item.comparison), item])).values()];
  for (let start = 0; start < unique.length; start += MAX_ITEMS) {
    const result = await stack.admin.createPreferences(unique.slice(start, start + MAX_ITEMS));
    const bad = result.items.find(({ result: outcome }) => outcome === 'rejected');
    if (bad) throw new Error(`the control could not be stored: ${bad.message}`);
  }
}

async function trainUntilIdle(stack: Stack, domains: string[]): Promise<void> {
  const runner = stack.startRunner('--until-idle', '5', '--threads', String(availableParallelism()));
  const ended = new Promise<void>((done) => runner.on('exit', () => done()));
  const progress = startProgress({ label: 'Training', unit: 'votes' });
  let running = true;
  ended.then(() => {
    running = false;
  });
  while (running) {
    const all = await Promise.all(domains.map((id) => stack.admin.getStats(id)));
    progress.update(all.reduce((sum, { preferences }) => sum + (preferences.consumed ?? 0), 0));
    await Promise.race([ended, stack.processes.failure, new Promise((wake) => setTimeout(wake, 2000))]);
  }
  progress.finish('Trained until nothing was left.');
}

/** An adapter goes live when the inference server has loaded it and it has passed a probe there. */
async function untilLive(stack: Stack, domains: string[]): Promise<void> {
  const end = Date.now() + LIVE_PATIENCE_SECONDS * 1000;
  for (const id of domains) {
    for (let { head, live } = await stack.admin.getDomain(id); head !== live; ) {
      if (Date.now() > end) throw new Error(`the last adapter of ${id} did not go live; see the logs`);
      await Promise.race([stack.processes.failure, new Promise((wake) => setTimeout(wake, 500))]);
      ({ head, live } = await stack.admin.getDomain(id));
    }
  }
}

function textOf(candidate: Preference['comparison']['candidates'][number] | undefined): string {
  return candidate?.content.type === 'text' ? candidate.content.text : '';
}

function readPair({ comparison, choice }: Preference): { chosen: string; rejected: string; cluster: string } {
  const preferred = choice.type === 'pair' ? choice.chosen : '';
  const chosen = comparison.candidates.find(({ id }) => id === preferred);
  const rejected = comparison.candidates.find(({ id }) => id !== preferred);
  return { chosen: textOf(chosen), rejected: textOf(rejected), cluster: canonicalJson(comparison.prompt) };
}

/** A line of `prefloop-runner score`: tokens and summed log-probabilities (nats) of chosen and rejected. */
type Scored = Record<'tokens' | 'base' | 'adapter', [number, number]>;

function perToken([chosen, rejected]: [number, number], { tokens }: Scored): number {
  return chosen / tokens[0] - rejected / tokens[1];
}

function rewardMargin({ adapter, base }: Scored): number {
  return adapter[0] - base[0] - (adapter[1] - base[1]);
}

/** The domain's live adapter on the held-out pairs, through the runner's own command; undefined = does not fit. */
async function scorePairs(
  stack: Stack,
  model: string,
  domain: string,
  heldOut: Preference[],
): Promise<(Scored | undefined)[]> {
  const { live } = await stack.admin.getDomain(domain);
  if (!live) throw new Error(`no adapter of ${domain} is live; see the runner's log`);
  const folder = join(stack.folder, 'score', domain);
  await mkdir(folder, { recursive: true });
  for (const name of ['adapter_model.safetensors', 'adapter_config.json'] as const) {
    await writeFile(join(folder, name), await stack.admin.downloadAdapterFile(live, name));
  }
  const rows = heldOut.map(({ comparison: { prompt } }, index) => {
    const { chosen, rejected } = readPair(heldOut[index] as Preference);
    return JSON.stringify({ prompt: prompt.messages ?? prompt.text, chosen, rejected });
  });
  const [data, out] = [join(folder, 'pairs.jsonl'), join(folder, 'scores.jsonl')];
  await writeFile(data, `${rows.join('\n')}\n`);
  const files = ['--adapter', folder, '--data', data, '--out', out];
  const command = ['-m', 'prefloop.cli', 'score', '--model', model, '--threads', '1', ...files];
  const scorer = stack.processes.start(`score-${domain}`, python, command);
  await Promise.race([new Promise((done) => scorer.on('exit', done)), stack.processes.failure]);
  return (await readFile(out, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Scored | { error: string })
    .map((row) => ('error' in row ? undefined : row));
}
