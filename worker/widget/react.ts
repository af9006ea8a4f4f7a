/** The widget for React: attributes as properties, events as functions. Brings React along from the page's own project. */
import { createElement, type HTMLAttributes, type ReactElement, useEffect, useRef } from 'react';
import type { PrefloopCompare as Element } from './element.ts';
import './element.ts';
import type {
  ErrorDetail,
  Kind,
  Question,
  SentDetail,
  Source,
  Token,
  TokenDetail,
  UndoDetail,
  VoteDetail,
} from './types.ts';

export type PrefloopCompareProps = Omit<HTMLAttributes<HTMLElement>, 'onError' | 'children'> & {
  edge: string;
  domain: string;
  project?: string;
  kind?: Kind;
  prompt?: string;
  k?: number;
  media?: 'text' | 'image';
  format?: 'markdown' | 'plain' | 'code';
  scale?: number;
  /** Seconds in which a vote can be undone; it is sent after them. */
  undo?: number;
  /** Asks for a reason as well. */
  reason?: boolean;
  shortcuts?: 'page';
  theme?: 'light' | 'dark';
  token?: Token;
  /** Candidates of your own; keep the object as long as the comparison is the same. */
  question?: Question;
  source?: Source;
  onVote?: (detail: VoteDetail) => void;
  onUndo?: (detail: UndoDetail) => void;
  onSent?: (detail: SentDetail) => void;
  onError?: (detail: ErrorDetail) => void;
  onToken?: (detail: TokenDetail) => void;
};

export function PrefloopCompare(props: PrefloopCompareProps): ReactElement {
  const { token, question, source, reason, onVote, onUndo, onSent, onError, onToken, ...attributes } = props;
  const element = useRef<Element>(null);
  const listeners = useRef<Record<string, ((detail: never) => void) | undefined>>({});
  listeners.current = { vote: onVote, undo: onUndo, sent: onSent, error: onError, token: onToken };

  useEffect(() => {
    const widget = element.current;
    const stop = new AbortController();
    for (const type of Object.keys(listeners.current)) {
      const hear = (event: Event) => listeners.current[type]?.((event as CustomEvent).detail as never);
      widget?.addEventListener(`prefloop:${type}`, hear, { signal: stop.signal });
    }
    return () => stop.abort();
  }, []);
  useEffect(() => {
    if (element.current) element.current.token = token ?? null;
  }, [token]);
  useEffect(() => {
    if (element.current && source) element.current.source = source;
  }, [source]);
  useEffect(() => {
    if (question) element.current?.compare(question);
  }, [question]);

  return createElement('prefloop-compare', { ...attributes, ref: element, ...(reason && { reason: '' }) });
}
