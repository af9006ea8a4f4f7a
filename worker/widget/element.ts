/** <prefloop-compare>: asks a person which of some outputs is better, and loses no answer. docs/widget.md has the rest. */
import { openBooth } from './booth.ts';
import { openDealer, type Shown } from './deal.ts';
import { makeFrame, type Other } from './frame.ts';
import { readKey } from './keys.ts';
import type { Report } from './outbox.ts';
import { readSettings } from './settings.ts';
import { type Say, speak, type Words } from './strings.ts';
import style from './style.css' with { type: 'text' };
import { OTHERS, openTurn, type Turn } from './turn.ts';
import type { ErrorDetail, Question, SentDetail, Source, Token, VoteChoice, WidgetEvents } from './types.ts';
import { openVoter } from './voter.ts';

/** Nothing is defined where pages are made on a server: the element is only named there. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;
const PROPERTIES = ['token', 'source', 'strings'] as const;
/** A change of these asks anew; of the others, the same is shown in another way. */
const ASKING = ['edge', 'project', 'domain', 'kind', 'prompt', 'k', 'media'];
/** How long the comparison before is shown, while the next one is on its way. */
const SOON_MS = 120;

const choicesOf = ({ votes }: Turn) => [...votes.values()].map(({ choice }) => choice as VoteChoice);

export class PrefloopCompare extends Base {
  static observedAttributes = [...ASKING, 'token', 'lang', 'format', 'scale', 'reason'];

  #settings = () => readSettings(this);
  #hear = (report: Report) => this.#report(report);
  #voter = openVoter(this.#settings, () => this.#askToken(), this.#hear);
  #deal = openDealer(this.#settings, this.#voter.session);
  #booth = openBooth(() => this.#settings().undoMs, this.#hear);
  #say: Say = speak('en').say;
  #frame = makeFrame(this.#say, false, () => {});
  #turn: Turn | null = null;
  #asked: Question | null = null;
  #source: Source | null = null;
  #strings: Partial<Words> = {};
  /** Comparisons that come next, and the one that is being fetched to be shown now. */
  #ahead: Promise<Shown | null>[] = [];
  #coming: Promise<Shown | null> | null = null;
  /** Counts what is shown: an answer to an older wish is dropped. */
  #run = 0;
  #busy = false;
  #isDrawn = false;
  #willDraw = false;
  /** What keeps votes from being sent, until one is. */
  #trouble: 'full' | 'kept' | null = null;
  #newest = '';
  #undoTimer: ReturnType<typeof setTimeout> | undefined;

  set token(token: Token | null) {
    this.#voter.session.set(token);
  }

  set source(source: Source | null) {
    this.#source = source;
    this.#ahead = [];
    this.#drawSoon();
  }

  set strings(strings: Partial<Words>) {
    this.#strings = strings;
    this.#drawSoon();
  }

  /** Shows a comparison now, or as soon as the element is on the page. */
  compare(question: Question): void {
    this.#asked = question;
    if (this.#isDrawn) void this.#load(() => this.#deal(question));
  }

  /** Takes the newest vote back, as its button does. */
  async undo(): Promise<void> {
    const undone = await this.#booth.undo();
    if (!undone) return;
    const { turn, votes, gone } = undone;
    const next = this.#coming ?? (this.#turn && Promise.resolve(this.#turn.shown));
    if (this.#source && next && turn !== this.#turn) this.#ahead.unshift(next);
    this.#run += 1;
    this.#busy = false;
    this.#coming = null;
    this.#show(turn);
    this.#note('choose', false);
    if (gone) this.#emitUndo(turn, votes);
  }

  connectedCallback(): void {
    if (!this.shadowRoot) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(style);
      this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
      this.addEventListener('keydown', this.#press);
      for (const name of PROPERTIES) this.#takeProperty(name);
    }
    document.addEventListener('keydown', this.#pressPage);
    this.#voter.update();
    this.#drawSoon();
  }

  disconnectedCallback(): void {
    document.removeEventListener('keydown', this.#pressPage);
    this.#voter.close();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'token') {
      this.#voter.session.set(now);
      return;
    }
    if (ASKING.includes(name)) {
      this.#turn = null;
      this.#ahead = [];
      this.#voter.update();
    }
    this.#drawSoon();
  }

  /** Once for all that changes together, and not before the page's own scripts could say what they want. */
  #drawSoon(): void {
    if (this.#willDraw || !this.isConnected) return;
    this.#willDraw = true;
    const draw = () => {
      this.#willDraw = false;
      if (this.isConnected) this.#draw();
    };
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => setTimeout(draw));
    else queueMicrotask(draw);
  }

  #draw(): void {
    const { say, lang, rtl } = speak(this.closest<HTMLElement>('[lang]')?.lang || navigator.language, this.#strings);
    this.#say = say;
    this.#frame = makeFrame(say, this.hasAttribute('reason'), (what) => this.#act(what));
    Object.assign(this.#frame.root, { lang, dir: rtl ? 'rtl' : 'ltr' });
    this.shadowRoot?.replaceChildren(this.#frame.root);
    this.#isDrawn = true;
    const prompt = this.getAttribute('prompt');
    const question = this.#asked ?? (prompt === null ? null : { prompt });
    if (this.#turn) this.#show({ ...this.#turn, ballot: this.#open(this.#turn.shown).ballot });
    else if (question) void this.#load(() => this.#deal(question));
    else if (this.#source) void this.#load(() => this.#take());
  }

  async #load(next: () => Promise<Shown | null>): Promise<void> {
    const run = ++this.#run;
    this.#busy = true;
    const wait = () => {
      this.#turn = null;
      this.#frame.tell(this.#say(this.#voter.outbox ? 'loading' : 'signIn'), undefined, true);
    };
    const slow = setTimeout(wait, this.#turn ? SOON_MS : 0);
    try {
      this.#coming = next();
      const shown = await this.#coming;
      if (run !== this.#run) return;
      this.#turn = null;
      if (shown) this.#show(this.#open(shown));
      else this.#frame.tell(this.#say('done'));
      if (shown && this.#source) this.#lookAhead();
    } catch (error) {
      if (run !== this.#run) return;
      this.#turn = null;
      this.#frame.tell(this.#say('failed'), () => void this.#load(next));
      const { code = 'internal', message } = error as Error & { code?: string };
      this.#emit('prefloop:error', { code, message, kept: false });
    } finally {
      clearTimeout(slow);
      if (run === this.#run) {
        this.#busy = false;
        this.#coming = null;
      }
    }
  }

  #take(): Promise<Shown | null> {
    return this.#ahead.shift() ?? this.#fetch();
  }

  async #fetch(): Promise<Shown | null> {
    const question = await this.#source?.();
    return question ? this.#deal(question) : null;
  }

  /** The next comparison is fetched while this one is read; what failed is asked for again when its turn comes. */
  #lookAhead(): void {
    if (this.#ahead.length > 0) return;
    const next = this.#fetch();
    this.#ahead.push(next);
    next.catch(() => {
      this.#ahead = this.#ahead.filter((each) => each !== next);
    });
  }

  #open(shown: Shown): Turn {
    const { edge, format, scale } = this.#settings();
    const { project } = this.#voter;
    const vote = (choices: VoteChoice[]) => void this.#vote(choices);
    const picture = (sha256: string) => `${edge}/v1/images/${project}/${encodeURIComponent(sha256)}`;
    const announce = (text: string) => this.#frame.note(text);
    return openTurn({ shown, say: this.#say, format, scale, picture, vote, announce });
  }

  #show(turn: Turn): void {
    this.#turn = turn;
    this.#frame.show(turn.shown.prompt, turn.ballot, OTHERS[turn.shown.kind]);
    this.#mark(choicesOf(turn));
  }

  #mark(choices: VoteChoice[]): void {
    this.#turn?.ballot.mark(choices.length > 0 ? choices : null);
    const type = choices[0]?.type;
    this.#frame.mark(type === 'bothBad' ? 'bad' : type === 'tie' || type === 'skip' ? type : undefined);
  }

  #act(what: Other | 'undo'): void {
    if (what === 'undo') void this.undo();
    else void this.#vote([{ type: what === 'bad' ? 'bothBad' : what }]);
  }

  async #vote(choices: VoteChoice[]): Promise<void> {
    const { outbox, isKnown } = this.#voter;
    const turn = this.#turn;
    if (!turn || !outbox || this.#busy) return;
    this.#busy = true;
    // Marked at once: the hand sees what it did.
    this.#mark(choices);
    const { reason } = this.#frame;
    const { votes, unsaid } = await this.#booth.cast(turn, outbox, choices, reason.value.trim(), isKnown);
    this.#busy = false;
    this.#mark(choicesOf(turn));
    if (votes.length === 0) return;
    reason.value = '';
    this.#note(this.#trouble ?? 'sent', true);
    clearTimeout(this.#undoTimer);
    this.#undoTimer = setTimeout(() => this.#frame.endUndo(), this.#settings().undoMs);
    this.#emitUndo(turn, unsaid);
    for (const { id, choice, reason, supersedes } of votes) {
      this.#newest = id;
      const said = { id, comparison: turn.shown.id, choice: choice as VoteChoice };
      this.#emit('prefloop:vote', { ...said, ...(reason && { reason }), ...(supersedes && { supersedes }) });
    }
    if (this.#source) void this.#load(() => this.#take());
  }

  #report({ type, ...detail }: Report): void {
    if (type === 'token') {
      this.#frame.note(`${this.#say('kept')} ${this.#say('signIn')}`);
      this.#voter.expire();
    } else if (type === 'sent') {
      this.#trouble = null;
      if (detail.id === this.#newest) this.#note('sent');
      this.#emit('prefloop:sent', detail as SentDetail);
    } else {
      const problem = detail as ErrorDetail;
      const known = this.#trouble;
      if (type === 'waiting') this.#trouble = problem.code === 'storage_full' ? 'full' : 'kept';
      this.#note(type === 'refused' ? 'refused' : (this.#trouble as 'kept'));
      // Of an outage once, not at every attempt.
      if (type === 'refused' || known !== this.#trouble) this.#emit('prefloop:error', problem);
    }
  }

  #note(word: keyof Words, canUndo?: boolean): void {
    this.#frame.note(this.#say(word), canUndo);
  }

  #askToken(): void {
    const provide = async (token: string | Promise<string>) => this.#voter.session.set(await token);
    this.#emit('prefloop:token', { provide });
  }

  #press = (event: KeyboardEvent): void => {
    const what = readKey(event);
    const turn = this.#turn;
    if (what === null) return;
    if (typeof what === 'object') {
      if (!turn?.ballot.press?.(what.key)) return;
    } else {
      if (what !== 'undo' && !(turn && OTHERS[turn.shown.kind].includes(what))) return;
      this.#act(what);
    }
    event.preventDefault();
  };

  #pressPage = (event: KeyboardEvent): void => {
    if (this.getAttribute('shortcuts') === 'page' && !event.composedPath().includes(this)) this.#press(event);
  };

  #emit<K extends keyof WidgetEvents>(name: K, detail: WidgetEvents[K]['detail']): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #emitUndo({ shown }: Turn, votes: { id: string }[]): void {
    for (const { id } of votes) this.#emit('prefloop:undo', { id, comparison: shown.id });
  }

  /** What a page set before the element was defined. */
  #takeProperty(name: (typeof PROPERTIES)[number]): void {
    if (!Object.hasOwn(this, name)) return;
    const own = this as Record<string, unknown>;
    const value = own[name];
    delete own[name];
    own[name] = value;
  }
}

if (globalThis.customElements && !customElements.get('prefloop-compare')) {
  customElements.define('prefloop-compare', PrefloopCompare);
}

declare global {
  interface HTMLElementTagNameMap {
    'prefloop-compare': PrefloopCompare;
  }
  interface HTMLElementEventMap extends WidgetEvents {}
}
