/** Who is signed in, and how the page speaks to the edge: by a cookie that no script reads. */
import { createClient, EdgeError } from '../../../shared/client/client.ts';
import type { ConsoleSession } from '../../../shared/contracts/console.ts';

export const edge = createClient({ edge: location.origin, retries: 1 });

let ended = () => {};

/** Called when the edge no longer knows the session. */
export function onSessionEnd(listener: () => void): void {
  ended = listener;
}

/** JSON of the edge; every failure is an EdgeError in its words. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const json =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, { method, ...json }).catch((error: Error) => {
    throw new EdgeError({ code: 'network', message: `the edge cannot be reached: ${error.message}` });
  });
  const answer = response.status === 204 ? null : await response.json().catch(() => null);
  if (response.ok) return answer as T;
  const { code = 'invalid_answer', message = `the edge answered ${response.status}`, issues } = answer ?? {};
  throw new EdgeError({ code, message, status: response.status, issues });
}

export const signIn = (key: string) => ask<ConsoleSession>('POST', '/console/session', { key });
export const signOut = () => ask<null>('DELETE', '/console/session');

export async function readSession(): Promise<ConsoleSession | null> {
  try {
    return await ask<ConsoleSession>('GET', '/console/session');
  } catch (error) {
    if (error instanceof EdgeError && (error.status === 401 || error.status === 403)) return null;
    throw error;
  }
}

/** What a failed call means to a person, in one sentence. */
export function sayError(error: unknown): string {
  if (error instanceof EdgeError && error.status === 401) ended();
  return error instanceof Error ? error.message : String(error);
}

/** The edge does not have this yet, or not here. */
export const isMissing = (error: unknown) =>
  error instanceof EdgeError && (error.status === 404 || error.code === 'method_not_allowed');

export const pictureAddress = (project: string, sha256: string) =>
  `/v1/images/${project}/${encodeURIComponent(sha256)}`;
