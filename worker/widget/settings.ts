/** What the element's attributes say. */
import type { Kind } from './types.ts';

export type Settings = {
  edge: string;
  /** For pictures and public keys; a user token names its own. */
  project: string | null;
  domain: string;
  kind: Kind;
  k: number;
  /** What the domain's models make: text or image. */
  media: string;
  format: string;
  scale: number;
  undoMs: number;
  asksReason: boolean;
  prompt: string | null;
  language: string;
};

/** The script says where the edge is, unless the element does. */
const SCRIPT = (globalThis.document?.currentScript as HTMLScriptElement | null)?.src ?? '';

export function readSettings(element: HTMLElement): Settings {
  const read = (name: string, otherwise: string) => element.getAttribute(name) ?? otherwise;
  const number = (name: string, otherwise: number, low: number, high: number) =>
    Math.max(low, Math.min(high, Number(read(name, '')) || otherwise));
  return {
    edge: read('edge', SCRIPT.replace(/\/widget\.js.*$/, '')).replace(/\/+$/, ''),
    project: element.getAttribute('project'),
    domain: read('domain', ''),
    kind: read('kind', 'pair') as Kind,
    k: number('k', 2, 2, 8),
    media: read('media', 'text'),
    format: read('format', 'markdown'),
    scale: number('scale', 5, 2, 10),
    // The outbox holds nothing for longer than a minute.
    undoMs: Math.min(60, Number(read('undo', '5'))) * 1000,
    asksReason: element.hasAttribute('reason'),
    prompt: element.getAttribute('prompt'),
    language: element.closest<HTMLElement>('[lang]')?.lang || navigator.language,
  };
}
