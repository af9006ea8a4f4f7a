/** What went wrong: a sentence for people, or with --json an ErrorBody for programs. */
import { EdgeError, type EdgeErrorCode } from '../client/edge-error.ts';
import type { ErrorBody } from '../contracts/error.ts';
import { UsageError } from './arguments.ts';
import { plain } from './table.ts';

/** usage: the command line itself was wrong; failed: neither it nor the edge, such as a file that is not there. */
export type Failure = {
  code: EdgeErrorCode | 'usage' | 'failed';
  message: string;
  requestId: string | null;
  issues?: NonNullable<ErrorBody['issues']>;
};

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

export function asFailure(error: unknown): Failure {
  if (error instanceof EdgeError) {
    const { code, message, requestId, issues } = error;
    return { code, message, requestId, ...(issues && { issues }) };
  }
  return { code: error instanceof UsageError ? 'usage' : 'failed', message: messageOf(error), requestId: null };
}

/** What is wrong, in one sentence, with the cause that a person can act on. */
export function describeError(error: unknown): string {
  if (!(error instanceof EdgeError)) return messageOf(error);
  const issues = error.issues?.map((issue) => `${issue.path}: ${issue.message}`).join('; ');
  const request = error.requestId ? ` (request ${error.requestId})` : '';
  return `${error.message}${issues ? `: ${issues}` : ''} [${error.code}]${request}`;
}

/** On standard error: one line either way. `name` is the command's. */
export function printFailure(error: unknown, name: string, asJson: boolean): void {
  const help = error instanceof UsageError ? `; see ${name} --help` : '';
  const line = asJson ? JSON.stringify(asFailure(error)) : `${name}: ${plain(describeError(error))}${help}`;
  process.stderr.write(`${line}\n`);
}
