/** `prefloop preferences`: single votes, and what became of them. */
import type { Content } from '../../contracts/candidate.ts';
import { type Preference, PreferenceStatus } from '../../contracts/preference.ts';
import { jsonLinesOption, jsonOption, printAnswer, printList } from '../answer.ts';
import { UsageError } from '../arguments.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatTable, formatTime, plain, short } from '../table.ts';

/** Of the edge. */
const LARGEST_PAGE = 500;

const list = defineCommand(
  {
    name: 'prefloop preferences list',
    summary: 'Votes in order of arrival, or one person’s newest first, with what became of each.',
    options: {
      domain: { type: 'text', value: 'ID', help: 'Only those of this domain.' },
      user: { type: 'text', value: 'USER', help: 'Only those of this person, in the domain named.' },
      status: { type: 'list', value: 'A,B', choices: PreferenceStatus.options, help: 'Only those in these states.' },
      after: { type: 'integer', value: 'SEQ', min: 0, help: 'Go on after this one of an earlier list.' },
      limit: { type: 'integer', value: 'N', min: 1, default: 50, help: 'So many at most.' },
      json: jsonLinesOption,
      ...connectionOptions,
    },
    example: 'prefloop preferences list --domain support-tone --user anna',
    notes: 'All of a domain’s votes, in a format that trainers read: prefloop export.',
  },
  async (values) => {
    const { domain, user, after, limit } = values;
    const wanted = new Set<string>(values.status);
    const items: Preference[] = [];
    if (user !== undefined && domain === undefined) throw new UsageError('--user goes with --domain');
    const given = { ...(domain !== undefined && { domain }), ...(user !== undefined && { user }) };
    const query = {
      ...given,
      ...(after !== undefined && { after }),
      limit: wanted.size > 0 ? LARGEST_PAGE : Math.min(limit, LARGEST_PAGE),
    };
    for await (const vote of openClient(values).eachPreference(query)) {
      if (wanted.size > 0 && !wanted.has(vote.status)) continue;
      items.push(vote);
      if (items.length === limit) break;
    }
    return printList(values.json, items, formatVotes);
  },
);

const LONGEST_PROMPT = 40;

function formatVotes(votes: readonly Preference[]): string {
  const rows = votes.map((vote) => ({
    seq: vote.seq,
    id: vote.id,
    domain: vote.domain,
    user: vote.user ?? '-',
    said: vote.choice.type,
    status: describeStatus(vote),
    at: formatTime(vote.createdAt),
    asked: cut(promptOf(vote)),
  }));
  return formatTable(rows, 'no votes');
}

const describeStatus = ({ status, notTrainable, adapter }: Preference) =>
  notTrainable ? `${status}: ${notTrainable}` : adapter ? `${status} by ${short(adapter)}` : status;

const promptOf = ({ comparison: { prompt } }: Preference) => prompt.text ?? prompt.messages?.at(-1)?.content ?? '';

const cut = (text: string) => (text.length > LONGEST_PROMPT ? `${text.slice(0, LONGEST_PROMPT - 1)}…` : text);

const show = defineCommand(
  {
    name: 'prefloop preferences show',
    summary: 'One vote: what was compared, what was said, and what became of it.',
    positionals: ['ID'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop preferences show 0192f3a4-7c11-7d0e-9a55-0c2f6a1be001',
  },
  async (values, [id = '']) => printAnswer(values.json, await openClient(values).getPreference(id), formatVote),
);

function formatVote(vote: Preference): string {
  const { chosen } = { chosen: undefined, ...vote.choice };
  const candidates = vote.comparison.candidates.map(({ id, content, origin }) => ({
    candidate: id === chosen ? `${id} (chosen)` : id,
    'made by': origin?.adapter ? short(origin.adapter) : (origin?.role ?? '-'),
    content: cut(describeContent(content)),
  }));
  const { chosen: _, type, ...rest } = { chosen, ...vote.choice };
  const facts = [
    `${vote.domain}, ${vote.user ?? 'nobody known'}, ${formatTime(vote.createdAt)}`,
    `status      ${describeStatus(vote)}${vote.batch ? ` (batch ${vote.batch})` : ''}`,
    `asked       ${promptOf(vote)}`,
    `said        ${type}${Object.keys(rest).length > 0 ? ` ${JSON.stringify(rest)}` : ''}`,
    ...(vote.reason ? [`because     ${vote.reason}`] : []),
    `counts      ${vote.weight}, right with probability ${vote.confidence}`,
    ...(vote.supersedes ? [`replaces    ${vote.supersedes}`] : []),
    ...(vote.supersededBy ? [`replaced by ${vote.supersededBy}`] : []),
  ];
  return `${facts.map(plain).join('\n')}\n\n${formatTable(candidates)}`;
}

function describeContent(content: Content): string {
  if (content.type === 'image') return `picture ${short(content.sha256)}`;
  return content.type === 'steps' ? content.steps.join(' ') : content.text;
}

export const preferenceCommands = [list, show];
