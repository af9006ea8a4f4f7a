/** <prefloop-compare>: asks a person which of some outputs is better, and loses no answer. docs/widget.md has the rest. */
import { readKey } from './keys.ts';
import { openRound } from './round.ts';
import { readSettings } from './settings.ts';
import type { Words } from './strings.ts';
import style from './style.css' with { type: 'text' };
import type { Question, Source, Token, WidgetEvents } from './types.ts';

/** Nothing is defined where pages are made on a server: the element is only named there. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;
const PROPERTIES = ['token', 'source', 'strings'] as const;
/** A change of these asks anew; of the others, the same is shown in another way. */
const ASKING = ['edge', 'project', 'domain', 'kind', 'prompt', 'k', 'media'];

export class PrefloopCompare extends Base {
  static observedAttributes = [...ASKING, 'token', 'lang', 'format', 'scale', 'reason'];

  #round = openRound(
    () => readSettings(this),
    (name, detail) => this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true })),
  );
  #willDraw = false;

  set token(token: Token | null) {
    this.#round.voter.session.set(token);
  }

  set source(source: Source | null) {
    this.#round.source = source;
    this.#round.reset();
    this.#drawSoon();
  }

  set strings(strings: Partial<Words>) {
    this.#round.strings = strings;
    this.#drawSoon();
  }

  /** Shows a comparison now, or as soon as the element is on the page. */
  compare(question: Question): void {
    this.#round.asked = question;
    if (this.shadowRoot?.firstChild) this.#round.begin();
  }

  /** Takes the newest vote back, as its button does. */
  undo(): Promise<void> {
    return this.#round.undo();
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
    this.#round.voter.update();
    this.#drawSoon();
  }

  disconnectedCallback(): void {
    document.removeEventListener('keydown', this.#pressPage);
    this.#round.voter.close();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'token') {
      this.token = now;
      return;
    }
    if (ASKING.includes(name)) {
      this.#round.reset();
      this.#round.voter.update();
    }
    this.#drawSoon();
  }

  /** Once for all that changes together, and not before the page's own scripts could say what they want. */
  #drawSoon(): void {
    if (this.#willDraw || !this.isConnected) return;
    this.#willDraw = true;
    const draw = () => {
      this.#willDraw = false;
      if (this.isConnected) this.#round.draw(this.shadowRoot as ShadowRoot);
    };
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => setTimeout(draw));
    else queueMicrotask(draw);
  }

  #press = (event: KeyboardEvent): void => {
    const what = readKey(event);
    if (what === null) return;
    if (typeof what === 'object') {
      if (!this.#round.press(what.key)) return;
    } else {
      if (what !== 'undo' && !this.#round.allows(what)) return;
      this.#round.act(what);
    }
    event.preventDefault();
  };

  #pressPage = (event: KeyboardEvent): void => {
    if (this.getAttribute('shortcuts') === 'page' && !event.composedPath().includes(this)) this.#press(event);
  };

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
