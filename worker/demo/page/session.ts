/** Who is at the page, and how it speaks to the edge. */
import { createClient } from '../../../shared/client/client.ts';
import { uuidv7 } from '../../../shared/math/uuidv7.ts';
import type { DemoSession } from '../contract.ts';

/** The person stays the same one over reloads. */
export const user = localStorage.getItem('prefloop-user') ?? `visitor-${uuidv7()}`;
localStorage.setItem('prefloop-user', user);

let token = '';
export const edge = createClient({ edge: location.origin, token: () => token });

/** What only the demo's own edge answers; everything else goes through the client. */
export async function ask<T>(path: string, body?: unknown): Promise<T> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, body === undefined ? {} : post);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return (await response.json()) as T;
}

/** The token is renewed before it ends. */
export async function startSession(): Promise<DemoSession> {
  const session = await ask<DemoSession>('/demo/session', { user });
  token = session.token;
  setTimeout(() => void startSession(), (session.expiresInSeconds - 60) * 1000);
  return session;
}

export const pause = (ms: number) => new Promise((wake) => setTimeout(wake, ms));

/** The element of the page's own markup; a missing one is our bug. */
export function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page lacks #${id}`);
  return found as T;
}
