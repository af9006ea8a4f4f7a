/** Rows that were read, held against the contracts. Apart from the rows: what only prints them needs no schema. */
import type { ZodError } from 'zod';
import { UserId } from '../contracts/ids.ts';
import { Prompt } from '../contracts/prompt.ts';
import { Text } from '../contracts/text.ts';
import { type AnyRow, Unusable } from './row.ts';

const reasonOf = { too_big: 'tooLong', too_small: 'empty', custom: 'invalidText' } as const;

function refuse(field: string, error: ZodError): never {
  const issue = error.issues[0];
  const reason = reasonOf[issue?.code as keyof typeof reasonOf] ?? 'unsupported';
  throw new Unusable(reason, [field, ...(issue?.path ?? [])].join('.'), `${field}: ${issue?.message ?? 'not usable'}`);
}

/** Holds the row against the limits of the contracts, so that it is refused with its line and column. Returns it. */
export function checkRow<R extends AnyRow>(row: R): R {
  const { group, topic, answer } = row;
  const facts = { ...(group !== undefined && { group }), ...(topic !== undefined && { topic }) };
  const prompt = Prompt.safeParse({ ...row.prompt, ...facts, ...(answer !== undefined && { answer }) });
  if (!prompt.success) refuse('prompt', prompt.error);
  for (const [field, value] of textsOf(row)) {
    const text = Text.safeParse(value);
    if (!text.success) refuse(field, text.error);
  }
  if (row.user !== undefined) {
    const user = UserId.safeParse(row.user);
    if (!user.success) refuse('user', user.error);
  }
  if (row.confidence !== undefined && !(row.confidence >= 0.5 && row.confidence <= 1)) {
    throw new Unusable('outOfRange', 'confidence', 'confidence must lie between 0.5 and 1');
  }
  return row;
}

function textsOf(row: AnyRow): [field: string, text: string][] {
  if ('rated' in row) return row.rated.map(({ text }, at) => [`completions.${at}`, text]);
  if ('steps' in row) return row.steps.map((text, at) => [`steps.${at}`, text]);
  return [
    ['chosen', row.chosen],
    ['rejected', row.rejected],
  ];
}
