/**
 * Assignment tokens: the edge's signed word that it dealt this comparison, in this order, from these adapters. The
 * vote brings it back. `a1.PAYLOAD.SIGNATURE`: base64url of JSON, and of HMAC-SHA256 over `a1.PAYLOAD` under a key
 * that is derived from the project's secret for this purpose alone.
 */
import { z } from 'zod';
import { RecordId, Sha256, Slug, Timestamp } from '../../shared/contracts/ids.ts';
import type { ProjectRow } from '../store/projects.ts';
import { ApiError } from './api-error.ts';
import { derivedKey } from './derived-key.ts';
import { base64url } from './keys.ts';

/** Seven days: a client that was offline can still deliver. */
export const ASSIGNMENT_MS = 7 * 24 * 3600 * 1000;

const Assignment = z.object({
  project: Slug,
  comparison: RecordId,
  /** Candidate ids in the dealt order. */
  order: z.array(RecordId),
  /** Adapters that made the candidates, in the dealt order; null = the base, or not a model of ours. */
  adapters: z.array(Sha256.nullable()),
  nonce: z.string(),
  expiresAt: Timestamp,
});
export type Assignment = z.infer<typeof Assignment>;

const FORM = /^(a1\.([A-Za-z0-9_-]{1,6000}))\.([A-Za-z0-9_-]{43})$/;
const utf8 = new TextEncoder();

export async function signAssignment(project: ProjectRow, deal: Omit<Assignment, 'project'>): Promise<string> {
  const payload = base64url(utf8.encode(JSON.stringify({ project: project.id, ...deal })));
  const key = await derivedKey(project.secret, 'assignment');
  const signature = await crypto.subtle.sign('HMAC', key, utf8.encode(`a1.${payload}`));
  return `a1.${payload}.${base64url(new Uint8Array(signature))}`;
}

/**
 * The deal that `token` proves. Throws ApiError `assignment_invalid` (forged, of another project or comparison) or
 * `assignment_expired`. Whether its nonce was used before is the store's question.
 */
export async function verifyAssignment(
  project: ProjectRow,
  comparison: string,
  token: string,
  now: number,
): Promise<Assignment> {
  const [, signed = '', payload = '', signature = ''] = FORM.exec(token) ?? [];
  const key = await derivedKey(project.secret, 'assignment');
  const genuine = signed !== '' && (await crypto.subtle.verify('HMAC', key, bytes(signature), utf8.encode(signed)));
  if (!genuine)
    throw new ApiError('assignment_invalid', 'The assignment token was not signed by this edge for this project.');
  const deal = Assignment.parse(JSON.parse(new TextDecoder().decode(bytes(payload))));
  if (deal.project !== project.id || deal.comparison !== comparison) {
    throw new ApiError('assignment_invalid', 'The assignment token belongs to another comparison.');
  }
  if (now >= deal.expiresAt) throw new ApiError('assignment_expired', 'The assignment token is older than seven days.');
  return deal;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
