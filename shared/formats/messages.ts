/** Chat messages as they stand in files. */
import type { Message } from '../contracts/prompt.ts';
import { Unusable } from './row.ts';

const roles: Record<string, Message['role']> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Plain text, or parts that are all text. */
function readContent(content: unknown, field: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw new Unusable('wrongType', field, `${field} must be text`);
  return content
    .map((part: unknown) => {
      if (isRecord(part) && part.type === 'text' && typeof part.text === 'string') return part.text;
      throw new Unusable('unsupported', field, `${field} holds something other than text`);
    })
    .join('');
}

/** Anything that stands for "none": absent, null, an empty list, object or text. */
export function isAbsent(value: unknown): boolean {
  return value == null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** Reads a list of { role, content }. Tool calls and other roles are refused: dropping them would change the prompt. */
export function readMessages(value: unknown, field: string): Message[] {
  if (!Array.isArray(value)) throw new Unusable('wrongType', field, `${field} must be a list of messages`);
  return value.map((message: unknown, index) => {
    const at = `${field}.${index}`;
    if (!isRecord(message)) throw new Unusable('wrongType', at, `${at} must be an object with role and content`);
    const role =
      typeof message.role === 'string' && Object.hasOwn(roles, message.role) ? roles[message.role] : undefined;
    if (role === undefined) {
      throw new Unusable('unsupported', `${at}.role`, `${at}.role must be one of ${Object.keys(roles).join(', ')}`);
    }
    for (const extra of ['tool_calls', 'function_call', 'audio']) {
      if (!isAbsent(message[extra])) throw new Unusable('unsupported', `${at}.${extra}`, `${at} has ${extra}`);
    }
    return { role, content: readContent(message.content, `${at}.content`) };
  });
}

/** What is compared is one answer: exactly one message, the assistant's. */
export function readAnswer(messages: readonly Message[], field: string): string {
  const [answer] = messages;
  if (messages.length !== 1 || answer?.role !== 'assistant') {
    const found = messages.map((message) => message.role).join(', ') || 'nothing';
    throw new Unusable('notOneAnswer', field, `${field} must end the prompt with one assistant message, not ${found}`);
  }
  return answer.content;
}
