/** Who votes: the token, whose it is, and how a new one is asked for. */
import type { Token } from './types.ts';

export type Session = {
  /** The newest token that is not known to have ended; null = there is none. */
  readonly token: string | null;
  set(source: Token | null): void;
  /** Resolves when there is a token. */
  ready(): Promise<string>;
  /** The edge takes this one no more: asks the function or the page for another. */
  expire(token: string): void;
};

/** `ask` tells the page that a token is needed; `change` hears of every new one. */
export function openSession(ask: () => void, change: (token: string) => void): Session {
  let source: Token | null = null;
  let token: string | null = null;
  let ended: string | null = null;
  let asking = false;
  const waiting: ((token: string) => void)[] = [];

  function take(fresh: string | null | undefined): void {
    if (!fresh || fresh === token || fresh === ended) return;
    token = fresh;
    change(fresh);
    for (const wake of waiting.splice(0)) wake(fresh);
  }

  async function renew(): Promise<void> {
    if (asking) return;
    asking = true;
    const fresh = typeof source === 'function' ? await Promise.resolve(source()).catch(() => null) : null;
    asking = false;
    take(fresh);
    if (token === null) ask();
  }

  return {
    get token() {
      return token;
    },
    set: (next) => {
      source = next;
      if (typeof next === 'string') take(next);
      else if (next) void renew();
    },
    ready: () => {
      if (token) return Promise.resolve(token);
      void renew();
      return new Promise((resolve) => waiting.push(resolve));
    },
    expire: (which) => {
      if (which !== token) return;
      ended = which;
      token = null;
      void renew();
    },
  };
}

/** Project and person of a token; a public key has neither. What either is worth, only the edge decides. */
export function readToken(token: string): { project: string | null; user: string } {
  try {
    const [, payload = ''] = token.split('.');
    const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    const text = new TextDecoder().decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0)));
    const { aud, sub } = JSON.parse(text);
    return { project: String(aud), user: `user ${sub}` };
  } catch {
    return { project: null, user: token };
  }
}
