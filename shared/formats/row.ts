/** The rows that formats are read into and printed from: a pair, rated answers, or an answer in steps. */
import type { ZodError } from 'zod';
import type { Features } from '../contracts/features.ts';
import { UserId } from '../contracts/ids.ts';
import { type Message, Prompt } from '../contracts/prompt.ts';
import { Text } from '../contracts/text.ts';

/** What every row may say beside its answers. */
export interface Facts {
  /** A conversation, or plain text for a base without a chat template. */
  prompt: { messages: Message[] } | { text: string };
  /** Pseudonym of the person whose vote it is. */
  user?: string;
  /** What is held out together, where it is more than the prompt. */
  group?: string;
  /** Sub-stream of the domain. */
  topic?: string;
  /** A known right answer to the prompt. */
  answer?: string;
  /** Probability that the choice is right, 0.5 to 1. */
  confidence?: number;
  /** What a model sees in each answer, in their order. */
  features?: Features[];
}

/** A better answer and a worse one. */
export interface Row extends Facts {
  chosen: string;
  rejected: string;
}

/** One to eight answers, each with how good it is found; one alone is good above zero. */
export interface RatedRow extends Facts {
  rated: { text: string; rating: number }[];
}

/** One answer in steps, and which of them is the first wrong one; from 0, null = none. */
export interface StepsRow extends Facts {
  steps: string[];
  firstWrongStep: number | null;
}

export type AnyRow = Row | RatedRow | StepsRow;

/** Why a line or a stored preference is not a row. Stable: reports are counted by it. */
export type RejectionReason =
  | 'invalidUtf8'
  | 'lineTooLong'
  | 'invalidJson'
  | 'missingField'
  | 'wrongType'
  | 'empty'
  | 'tooLong'
  | 'invalidText'
  | 'outOfRange'
  | 'noSharedPrompt'
  | 'notOneAnswer'
  | 'unsupported';

export interface Rejection {
  reason: RejectionReason;
  /** The column at fault; null when it is the line as a whole. */
  field: string | null;
  /** One sentence for a person. */
  message: string;
}

/** Thrown by the readers of one format and caught at the line: a bad row never stops a file. */
export class Unusable extends Error {
  rejection: Rejection;

  constructor(reason: RejectionReason, field: string | null, message: string) {
    super(message);
    this.rejection = { reason, field, message };
  }
}

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
