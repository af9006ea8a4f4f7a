/** The lower half of the demo page: what the votes turned into. All text goes in as text, never as markup. */
import type { AdapterRecord } from '../../../shared/contracts/adapter.ts';
import type { SampleAnswer, SampleList } from '../../../shared/contracts/sample.ts';
import { wilsonInterval } from '../../../shared/math/wilson-interval.ts';
import type { DemoState } from '../contract.ts';
import { drawChart, type Point } from './chart.ts';

const percent = (value: number) => `${Math.round(value * 100)} %`;
const short = (sha: string | null) => (sha ? sha.slice(0, 8) : 'base');

function node<K extends keyof HTMLElementTagNameMap>(tag: K, text = '', className = ''): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** "just now", "40 seconds ago", "2 minutes ago". */
function ago(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} seconds ago`;
  const minutes = Math.round(seconds / 60);
  return minutes === 1 ? 'a minute ago' : `${minutes} minutes ago`;
}

function votes(count: number): string {
  return count === 1 ? '1 vote' : `${count} votes`;
}

function learnedFrom(adapters: AdapterRecord[]): number {
  return adapters.reduce((sum, adapter) => sum + adapter.preferences, 0);
}

function put(id: string, ...children: Node[]): void {
  document.getElementById(id)?.replaceChildren(...children);
}

export function showLearned({ stats, now }: DemoState): void {
  const waiting = (stats.preferences.waiting ?? 0) + (stats.preferences.batched ?? 0);
  const latest = stats.adapters.at(-1);
  const learned = latest
    ? `Learned from ${votes(learnedFrom(stats.adapters))}, ${ago(now - latest.createdAt)}`
    : `Nothing learned yet: it trains after ${votes(stats.domain.batchSize)}`;
  const queue = waiting > 0 ? ` · ${waiting} on the way` : '';
  const line = document.getElementById('learned');
  // Written only when it changes, so that a screen reader is not told the same thing every second.
  if (line && line.textContent !== learned + queue) line.textContent = learned + queue;
}

export function showCurves({ stats }: DemoState): void {
  drawAccuracy(stats.adapters);
  drawLoss(stats.adapters);
}

function drawAccuracy(adapters: AdapterRecord[]): void {
  let [seen, agreed, total] = [0, 0, 0];
  const points: Point[] = [];
  for (const adapter of adapters) {
    const { accuracyBefore, accuracyBeforeCount } = adapter.metrics;
    seen += adapter.preferences;
    if (accuracyBefore === undefined || !accuracyBeforeCount) continue;
    // The last forty or so votes: old ones judge a model that is gone.
    agreed = agreed * 0.6 + accuracyBefore * accuracyBeforeCount;
    total = total * 0.6 + accuracyBeforeCount;
    const { value, low, high } = wilsonInterval(agreed, total);
    points.push({ x: seen, y: value, low, high });
  }
  draw('accuracy', points, 'appears after the second round of training.', {
    label: `Share of recent votes that the model would have given the same way: ${percent(points.at(-1)?.y ?? 0)}`,
    xUnit: 'votes',
    yTicks: [0.25, 0.5, 0.75, 1],
    formatY: percent,
    baseline: { y: 0.5, label: 'a coin' },
  });
}

function drawLoss(adapters: AdapterRecord[]): void {
  const losses = adapters.flatMap((adapter) => adapter.losses);
  const points = losses.map((loss, step) => ({ x: step + 1, y: loss }));
  const top = Math.max(0.8, Math.ceil(Math.max(0, ...losses.slice(0, 2000)) * 5) / 5);
  draw('loss', points, 'appears with the first round of training.', {
    label: `Training loss by optimiser step; the last one is ${points.at(-1)?.y.toFixed(2) ?? 'unknown'}`,
    xUnit: 'steps',
    yTicks: [0, top / 2, top],
    formatY: (value) => value.toFixed(1),
    baseline: { y: Math.LN2, label: 'knows nothing: 0.69' },
  });
}

function draw(id: string, points: Point[], empty: string, options: Parameters<typeof drawChart>[1]): void {
  const chart = document.getElementById(id);
  if (!chart) return;
  if (points.length < 2) {
    if (!chart.querySelector('.empty')) chart.replaceChildren(node('p', `A curve ${empty}`, 'empty'));
    return;
  }
  const markup = drawChart(points, options);
  if (chart.dataset.drawn !== markup) {
    chart.innerHTML = markup;
    chart.dataset.drawn = markup;
  }
}

export function showAdapters({ stats, now }: DemoState): void {
  if (stats.adapters.length === 0) {
    const wait = `After ${votes(stats.domain.batchSize)} the first adapter appears here, a few seconds later.`;
    put('adapters', node('li', wait, 'empty'));
    return;
  }
  const seen = new Set([...document.querySelectorAll<HTMLElement>('[data-sha]')].map((item) => item.dataset.sha));
  const items = stats.adapters
    .toReversed()
    .slice(0, 12)
    .map((adapter) => {
      const item = node('li', '', adapter.sha === stats.domain.live ? 'live' : '');
      if (seen.size > 0 && !seen.has(adapter.sha)) item.classList.add('fresh');
      item.dataset.sha = adapter.sha;
      const failed = adapter.gates.filter((gate) => !gate.passed).map((gate) => gate.reason ?? gate.name);
      const state = adapter.sha === stats.domain.live ? ' and is answering now' : '';
      item.append(
        node('span', '', 'mark'),
        node('span', `Learned from ${votes(adapter.preferences)}${state}`),
        node('span', ago(now - adapter.createdAt), 'when'),
        node(
          'small',
          `${short(adapter.parent)} → ${short(adapter.sha)}${failed.length ? ` · held back: ${failed}` : ''}`,
        ),
      );
      return item;
    });
  put('adapters', ...items);
}

export function showBeforeAfter({ samples, live }: SampleList): void {
  if (!live) {
    put(
      'before-after',
      node('p', 'When the first adapter is live, its replies stand here beside the old ones.', 'empty'),
    );
    return;
  }
  put(
    'before-after',
    ...samples.map((sample) => {
      const box = node('div', '', 'sample');
      const pair = node('div', '', 'pair');
      for (const [title, said, className] of [
        ['Before', sample.before, ''],
        ['Now', sample.now, 'now fresh'],
      ] as const) {
        const column = node('div', '', className);
        column.append(node('b', title), document.createTextNode(textOf(said) || '(an empty reply)'));
        pair.append(column);
      }
      box.append(node('h3', sample.prompt), pair);
      return box;
    }),
  );
}

/** The model of this half writes. */
const textOf = (said: SampleAnswer | null) => (said?.type === 'text' ? said.text.trim() : '');
