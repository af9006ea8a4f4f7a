/** The course of things inside of one element: a comparison is shown, voted on, perhaps undone, and the next one comes. */
import { openBooth } from './booth.ts';
import { openDealer, type Shown } from './deal.ts';
import { makeFrame, type Other } from './frame.ts';
import type { Report } from './outbox.ts';
import { openQueue } from './queue.ts';
import type { Settings } from './settings.ts';
import { type Say, speak, type Words } from './strings.ts';
import { OTHERS, openTurn, type Turn } from './turn.ts';
import type { ErrorDetail, Question, SentDetail, Source, VoteChoice, WidgetEvents } from './types.ts';
import { openVoter, type Voter } from './voter.ts';

export type Emit = <K extends keyof WidgetEvents>(name: K, detail: WidgetEvents[K]['detail']) => void;

export type Round = {
  voter: Voter;
  /** What the page's script decides: set before `draw`, or followed by it. */
  asked: Question | null;
  source: Source | null;
  strings: Partial<Words>;
  /** Shows what there is to show, in the present language and look. */
  draw(into: ShadowRoot): void;
  /** Shows what is asked now, in the place of what was. */
  begin(): void;
  /** Forgets what is shown, because something else was asked. */
  reset(): void;
  undo(): Promise<void>;
  /** A control was used, or its key. */
  act(what: Other | 'undo'): void;
  /** True when the key meant something. */
  press(key: string): boolean;
  /** Whether the comparison at hand can be answered so. */
  allows(other: Other): boolean;
};

/** How long the comparison before is shown, while the next one is on its way. */
const SOON_MS = 120;

const choicesOf = ({ votes }: Turn) => [...votes.values()].map(({ choice }) => choice as VoteChoice);

export function openRound(settings: () => Settings, emit: Emit): Round {
  let say: Say = speak('en').say;
  let frame = makeFrame(say, false, () => {});
  let turn: Turn | null = null;
  /** What is being fetched to be shown now. */
  let coming: Promise<Shown | null> | null = null;
  /** Counts what is shown: an answer to an older wish is dropped. */
  let run = 0;
  let busy = false;
  /** What keeps votes from being sent, until one is. */
  let trouble: 'full' | 'kept' | null = null;
  let newest = '';
  let undoTimer: ReturnType<typeof setTimeout> | undefined;

  const note = (word: keyof Words, canUndo?: boolean) => frame.note(say(word), canUndo);
  const emitUndo = (comparison: string, votes: { id: string }[]) => {
    for (const { id } of votes) emit('prefloop:undo', { id, comparison });
  };
  const askToken = () => emit('prefloop:token', { provide: async (token) => round.voter.session.set(await token) });
  const voter = openVoter(settings, askToken, hear);
  const deal = openDealer(settings, voter.session);
  const booth = openBooth(() => settings().undoMs, hear);
  const queue = openQueue(async () => {
    const question = await round.source?.();
    return question ? deal(question) : null;
  });

  async function load(next: () => Promise<Shown | null>): Promise<void> {
    const mine = ++run;
    busy = true;
    const wait = () => {
      turn = null;
      frame.tell(say(voter.outbox ? 'loading' : 'signIn'), undefined, true);
    };
    const slow = setTimeout(wait, turn ? SOON_MS : 0);
    let failure: (Error & { code?: string }) | null = null;
    let shown: Shown | null = null;
    try {
      coming = next();
      shown = await coming;
    } catch (error) {
      failure = error as Error;
    }
    clearTimeout(slow);
    if (mine !== run) return;
    turn = coming = null;
    busy = false;
    if (failure) {
      const { code = 'internal', message } = failure;
      const again = () => mine === run && void load(next);
      frame.tell(say('failed'), again);
      addEventListener('online', again, { once: true });
      emit('prefloop:error', { code, message, kept: false });
    } else if (shown) {
      show(open(shown));
      if (round.source) queue.lookAhead();
    } else frame.tell(say('done'));
  }

  function open(shown: Shown): Turn {
    const { edge, format, scale } = settings();
    const picture = (sha256: string) => `${edge}/v1/images/${voter.project}/${encodeURIComponent(sha256)}`;
    return openTurn({ shown, say, format, scale, picture, vote, announce: (text) => frame.note(text) });
  }

  function show(next: Turn): void {
    turn = next;
    frame.show(next.shown.prompt, next.ballot, OTHERS[next.shown.kind]);
    mark(next, choicesOf(next));
  }

  function mark({ ballot }: Turn, choices: VoteChoice[]): void {
    const type = choices[0]?.type;
    ballot.mark(type ? choices : null);
    frame.mark(type === 'bothBad' ? 'bad' : type === 'tie' || type === 'skip' ? type : undefined);
  }

  async function vote(choices: VoteChoice[]): Promise<void> {
    const { outbox, isKnown } = voter;
    const at = turn;
    if (!at || !outbox || busy) return;
    busy = true;
    // Marked at once: the hand sees what it did.
    mark(at, choices);
    const { votes, unsaid } = await booth.cast(at, outbox, choices, frame.reason.value.trim(), isKnown);
    busy = false;
    mark(at, choicesOf(at));
    if (votes.length === 0) return;
    frame.reason.value = '';
    note(trouble ?? 'sent', true);
    clearTimeout(undoTimer);
    undoTimer = setTimeout(() => frame.endUndo(), settings().undoMs);
    emitUndo(at.shown.id, unsaid);
    for (const { id, choice, reason, supersedes } of votes) {
      newest = id;
      const said = { id, comparison: at.shown.id, choice: choice as VoteChoice };
      emit('prefloop:vote', { ...said, ...(reason && { reason }), ...(supersedes && { supersedes }) });
    }
    if (round.source) void load(queue.take);
  }

  function hear({ type, ...detail }: Report): void {
    if (type === 'token') {
      frame.note(`${say('kept')} ${say('signIn')}`);
      voter.expire();
    } else if (type === 'sent') {
      trouble = null;
      if (detail.id === newest) note('sent');
      emit('prefloop:sent', detail as SentDetail);
    } else {
      const problem = detail as ErrorDetail;
      const known = trouble;
      if (type === 'waiting') trouble = problem.code === 'storage_full' ? 'full' : 'kept';
      note(type === 'refused' ? type : (trouble ?? 'kept'));
      // Of an outage once, not at every attempt.
      if (type === 'refused' || known !== trouble) emit('prefloop:error', problem);
    }
  }

  const round: Round = {
    voter,
    asked: null,
    source: null,
    strings: {},
    draw: (into) => {
      const { language, asksReason } = settings();
      const spoken = speak(language, round.strings);
      ({ say } = spoken);
      frame = makeFrame(say, asksReason, round.act);
      Object.assign(frame.root, { lang: spoken.lang, dir: spoken.rtl ? 'rtl' : 'ltr' });
      into.replaceChildren(frame.root);
      if (turn) show({ ...turn, ballot: open(turn.shown).ballot });
      else round.begin();
    },
    begin: () => {
      const { prompt } = settings();
      const question = round.asked ?? (prompt === null ? null : { prompt });
      if (question) void load(() => deal(question));
      else if (round.source) void load(queue.take);
    },
    reset: () => {
      turn = null;
      queue.clear();
    },
    undo: async () => {
      const undone = await booth.undo();
      if (!undone) return;
      const { turn: before, votes, gone } = undone;
      const next = coming ?? (turn && Promise.resolve(turn.shown));
      if (round.source && next && before !== turn) queue.putBack(next);
      run += 1;
      busy = false;
      coming = null;
      show(before);
      note('choose', false);
      if (gone) emitUndo(before.shown.id, votes);
    },
    act: (what) => void (what === 'undo' ? round.undo() : vote([{ type: what === 'bad' ? 'bothBad' : what }])),
    press: (key) => turn?.ballot.press?.(key) ?? false,
    allows: (other) => turn !== null && OTHERS[turn.shown.kind].includes(other),
  };
  return round;
}
