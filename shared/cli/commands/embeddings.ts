/** `prefloop embeddings`: what is known of one person's taste. */
import { plural } from '../../alarms/words.ts';
import type { Embedding } from '../../contracts/encoder.ts';
import { jsonOption, printAnswer } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { formatTable, formatTime, short } from '../table.ts';
import { addTo, formatTally, type Tally } from '../tally.ts';

const show = defineCommand(
  {
    name: 'prefloop embeddings show',
    summary: 'A person’s embedding in a domain, and how sure it is. Takes an admin key.',
    positionals: ['DOMAIN', 'USER'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop embeddings show sprites anna',
    notes: 'What an embedding is made of stands in docs/taste.md.',
  },
  async (values, [domain = '', user = '']) => {
    const client = openClient(values);
    const embedding = await client.getEmbedding(user, domain);
    if (values.json || embedding.kind === 'set') return printAnswer(values.json, embedding, formatEmbedding);
    const { encoder } = await client.getEncoder(embedding.encoder);
    const names = encoder.kind === 'mixture' ? encoder.basis.map(({ name }) => name) : [];
    return printAnswer(false, embedding, () => formatEmbedding(embedding, names));
  },
);

function formatEmbedding(embedding: Embedding, names: string[] = []): string {
  const { user, domain, encoder, votes, tokens, width, kind, updatedAt, unusable } = embedding;
  const reasons: Tally = {};
  for (const { reason } of unusable) addTo(reasons, reason);
  const lines = [
    `${user} in ${domain}: ${votes === 0 ? 'no votes yet, so what is known of everybody' : `from ${plural(votes, 'vote')}`}`,
    `encoder ${short(encoder)}, ${formatTime(updatedAt)}`,
    ...(unusable.length > 0 ? [`votes that say nothing: ${formatTally(reasons)}`] : []),
  ];
  const table = kind === 'mixture' ? formatWeights(embedding, names) : formatTokens(embedding);
  const uncertainty = embedding.uncertainty[0];
  if (kind === 'set' && uncertainty !== undefined)
    lines.push(`${tokens} × ${width} numbers; uncertainty ${uncertainty.toFixed(2)} of what it is without votes`);
  return `${lines.join('\n')}\n\n${table}`;
}

function formatWeights({ values, uncertainty }: Embedding, names: string[]): string {
  const rows = values.map((weight, index) => ({
    basis: names[index] ?? index,
    weight: weight.toFixed(3),
    'standard deviation': uncertainty[index]?.toFixed(3) ?? '-',
  }));
  return formatTable(rows);
}

const SHOWN = 6;

function formatTokens({ values, tokens, width }: Embedding): string {
  const rows = Array.from({ length: tokens }, (_, token) => {
    const row = values.slice(token * width, (token + 1) * width);
    const first = row.slice(0, SHOWN).map((value) => value.toFixed(3));
    return {
      token,
      length: Math.hypot(...row).toFixed(3),
      values: first.join(' ') + (width > SHOWN ? ' … (--json shows all)' : ''),
    };
  });
  return formatTable(rows);
}

export const embeddingCommands = [show];
