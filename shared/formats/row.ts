/** The row that every format is read into and printed from: one prompt, the better answer, the worse one. */
import type { ZodError } from 'zod';
import { UserId } from '../contracts/ids.ts';
import { type Message, Prompt } from '../contracts/prompt.ts';
import { Text } from '../contracts/text.ts';

export interface Row {
  /** A conversation, or plain text for a base without a chat template. */
  prompt: { messages: Message[] } | { text: string };
  chosen: string;
  rejected: string;
  /** Pseudonym of the person whose vote it is. */
  user?: string;
  /** What is held out together, where it is more than the prompt. */
  group?: string;
  /** Probability that `chosen` is really better, 0.5 to 1. */
  confidence?: number;
}

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
export function checkRow(row: Row): Row {
  const prompt = Prompt.safeParse(row.group === undefined ? row.prompt : { ...row.prompt, group: row.group });
  if (!prompt.success) refuse('prompt', prompt.error);
  for (const field of ['chosen', 'rejected'] as const) {
    const text = Text.safeParse(row[field]);
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
