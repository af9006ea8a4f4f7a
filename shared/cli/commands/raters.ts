/** `prefloop raters`: whether the people who vote agree. */
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatCount, startProgress } from '../progress-bar.ts';
import { type RaterReport, reportRaters } from '../rater-report.ts';
import { formatTable, printJson } from '../table.ts';

export const ratersCommand = defineCommand(
  {
    name: 'prefloop raters',
    summary: 'Do a domain’s people agree, do they favour a place, and whose votes say little?',
    positionals: ['DOMAIN'],
    options: {
      top: { type: 'integer', value: 'N', help: 'So many people, those with the most votes.', default: 20, min: 0 },
      json: { type: 'flag', help: 'All of it as JSON, everybody included.' },
      ...connectionOptions,
    },
  },
  async (values, [domain = '']) => {
    const client = openClient(values);
    await client.getDomain(domain); // a misspelt one would have no votes
    const progress = startProgress({ label: 'Reading votes' });
    let read = 0;
    async function* counted() {
      for await (const vote of client.eachPreference({ domain })) {
        progress.update(++read);
        yield vote;
      }
    }
    const report = await reportRaters(counted());
    progress.finish();
    if (values.json) printJson(report);
    else process.stdout.write(`${printReport(report, values.top)}\n`);
    return undefined;
  },
);

function printReport({ votes, people, judgedTwice, alpha, position, raters }: RaterReport, top: number): string {
  const points = (share: number) => `${share > 0 ? '+' : ''}${(100 * share).toFixed(0)}`;
  const lines = [
    `${formatCount(votes)} votes of ${formatCount(people)} people`,
    judgedTwice > 0
      ? `agreement on ${formatCount(judgedTwice)} pairs that several judged: α = ${number(alpha)} (1 all agree, 0 chance)`
      : 'nobody judged the same pair as another: nothing is known of agreement',
    position.n > 0
      ? `the first place wins ${points(position.value)} points more than half (${points(position.low)} to ${points(position.high)})`
      : 'no vote says where its choice was shown',
  ];
  const rows = raters.slice(0, top).map((rater) => ({
    person: rater.user,
    votes: rater.votes,
    'judged by others too': rater.checked,
    informedness: number(rater.informedness),
    'first place': rater.position.n > 0 ? points(rater.position.value) : '-',
  }));
  return [...lines, ...(rows.length > 0 ? ['', formatTable(rows)] : [])].join('\n');
}

const number = (value: number) => (Number.isNaN(value) ? '-' : value.toFixed(2));
