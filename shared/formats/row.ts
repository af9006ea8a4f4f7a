/** The rows that formats are read into and printed from: a pair, rated answers, or an answer in steps. */
import type { Features } from '../contracts/features.ts';
import type { Message } from '../contracts/prompt.ts';

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
