/** Who votes here, and where their votes go: a session and the outbox of its person. */
import { type Outbox, openOutbox, type Report } from './outbox.ts';
import { openSession, readToken, type Session } from './session.ts';
import type { Settings } from './settings.ts';

export type Voter = {
  session: Session;
  /** Null until there was a first token. */
  readonly outbox: Outbox | null;
  readonly project: string | null;
  /** False for a public key: the edge cannot know that a second vote is the same person's. */
  readonly isKnown: boolean;
  /** The settings changed. */
  update(): void;
  /** The edge takes the newest token no more. */
  expire(): void;
  close(): void;
};

/** `ask` tells the page that a token is needed; `hear` hears of votes of earlier visits. */
export function openVoter(settings: () => Settings, ask: () => void, hear: (report: Report) => void): Voter {
  let token = '';
  let owner = '';
  let outbox: Outbox | null = null;
  let unlisten = () => {};

  const project = () => readToken(token).project ?? settings().project;

  function update(): void {
    if (!token) return;
    const { edge } = settings();
    const next = [edge, project(), readToken(token).user].join(' ');
    if (next !== owner) {
      unlisten();
      owner = next;
      outbox = openOutbox(edge, owner);
      unlisten = outbox.listen(hear);
    }
    outbox?.setToken(token);
  }

  const session = openSession(ask, (fresh) => {
    token = fresh;
    update();
  });

  return {
    session,
    get outbox() {
      return outbox;
    },
    get project() {
      return project();
    },
    get isKnown() {
      return readToken(token).project !== null;
    },
    update,
    expire: () => session.expire(token),
    close: () => {
      unlisten();
      owner = '';
    },
  };
}
