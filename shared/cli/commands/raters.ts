/** `prefloop raters`: whether the people who vote agree, and what they prefer. */
import { plural } from '../../alarms/words.ts';
import type { RaterReport } from '../../contracts/rater.ts';
import { printAnswer } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatCount } from '../progress-bar.ts';
import { formatTable } from '../table.ts';

export const ratersCommand = defineCommand(
  {
    name: 'prefloop raters',
    summary: 'Do a domain’s people agree, do they favour a place, whose votes say little, which models do they prefer?',
    positionals: ['DOMAIN'],
    options: {
      top: { type: 'integer', value: 'N', help: 'So many people, those with the most votes.', default: 20, min: 0 },
      json: { type: 'flag', help: 'All of it as JSON, everybody included; a failure too, on standard error.' },
      ...connectionOptions,
    },
    example: 'prefloop raters support-tone --top 5',
    notes: 'Over the newest 2,000 votes that decide something. What the numbers and suspicions mean: docs/metrics.md.',
  },
  async (values, [domain = '']) => {
    const report = await openClient(values).getRaters(domain);
    return printAnswer(values.json, report, () => formatReport(report, values.top));
  },
);

function formatReport(report: RaterReport, top: number): string {
  const { votes, people, judgedTwice, alpha, alphaLow, alphaHigh, position, raters, models } = report;
  const lines = [
    `${plural(votes, 'vote')} of ${plural(people, 'person', 'people')}`,
    alpha === null
      ? 'nobody judged the same pair as another: nothing is known of agreement'
      : `agreement on ${formatCount(judgedTwice)} pairs that several judged: α = ${number(alpha)} (${number(alphaLow)} to ${number(alphaHigh)}; 1 all agree, 0 chance)`,
    position
      ? `the first place wins ${points(position.value)} points more than half (${points(position.low)} to ${points(position.high)})`
      : 'no vote says where its choice was shown',
  ];
  const rows = raters.slice(0, top).map((rater) => ({
    person: rater.user,
    votes: rater.votes,
    'judged by others too': rater.checked,
    informedness: number(rater.informedness),
    'first place': rater.position ? points(rater.position.value) : '-',
    'median s': rater.medianLatencyMs === null ? '-' : (rater.medianLatencyMs / 1000).toFixed(1),
    suspicions: rater.suspicions.join(' '),
  }));
  const strengths = models.map(({ adapter, strength, low, high, n }) => ({
    model: adapter?.slice(0, 12) ?? 'base',
    strength: number(strength),
    interval: `${number(low)} to ${number(high)}`,
    votes: n,
  }));
  const tables = [rows, strengths].filter((table) => table.length > 0).map((table) => formatTable(table));
  return [...lines, ...tables.flatMap((table) => ['', table])].join('\n');
}

const number = (value: number | null) => (value === null ? '-' : value.toFixed(2));
const points = (share: number) => `${share > 0 ? '+' : ''}${(100 * share).toFixed(0)}`;
