/** What a page says to the widget and hears from it. No import: these types stand alone in a page's own project. */

/** pair: one best · ranking: an order · rating: a number each · steps: the first wrong step of each. */
export type Kind = 'pair' | 'ranking' | 'rating' | 'steps';

/** Whole, or as it is being written: a stream can be voted on before it ends. */
export type OwnText = string | AsyncIterable<string> | ReadableStream<string>;

/** A picture is named by the SHA-256 of its bytes, after it was uploaded to the edge. */
export type OwnContent =
  | { type: 'text'; text: OwnText }
  | { type: 'steps'; steps: string[] }
  | { type: 'image'; sha256: string };

export type OwnPrompt = {
  messages?: { role: 'system' | 'user' | 'assistant'; content: string }[];
  text?: string;
  group?: string;
  topic?: string;
};

/** One comparison: of the page's own candidates, or, without them, of answers that the domain's models give now. */
export type Question = {
  prompt: string | OwnPrompt;
  candidates?: (string | OwnContent)[];
  kind?: Kind;
  domain?: string;
  /** How many answers the models are asked for, 2 to 8. */
  k?: number;
};

/** A user token or a public key; a function is asked again whenever a new one is needed. */
export type Token = string | (() => string | null | Promise<string | null>);

/** What is shown next; null = that was all. Asked one comparison ahead. */
export type Source = () => Question | null | Promise<Question | null>;

export type VoteChoice =
  | { type: 'pair'; chosen: string; position?: number | undefined }
  | { type: 'tie' | 'bothBad' | 'skip' }
  | { type: 'ranking'; ranking: string[][] }
  | { type: 'rating'; ratings: { candidate: string; rating: number }[] }
  | { type: 'stepMark'; candidate: string; firstWrongStep: number | null };

/** `prefloop:vote`: a person voted, and may still undo it for a few seconds. */
export type VoteDetail = {
  id: string;
  comparison: string;
  choice: VoteChoice;
  reason?: string;
  /** The earlier vote of the same person that this one replaces. */
  supersedes?: string;
};

/** `prefloop:undo`: the vote was taken back, or replaced, before it was sent; nobody will hear of it. */
export type UndoDetail = { id: string; comparison: string };

/** `prefloop:sent`: the edge has the vote. `replayed`: it had it before, and counts it once. */
export type SentDetail = { id: string; comparison: string; status: string; replayed: boolean };

/**
 * `prefloop:error`. `kept`: the vote is kept and will be sent again; false: it was refused, or could not be shown.
 * `code` is one of the edge's codes, or network, timeout, storage_full, stream_broken.
 */
export type ErrorDetail = { code: string; message: string; kept: boolean; id?: string; vote?: unknown };

/** `prefloop:token`: a token is needed. Give it now or later, here or as the element's `token`. */
export type TokenDetail = { provide(token: string | Promise<string>): void };

export type WidgetEvents = {
  'prefloop:vote': CustomEvent<VoteDetail>;
  'prefloop:undo': CustomEvent<UndoDetail>;
  'prefloop:sent': CustomEvent<SentDetail>;
  'prefloop:error': CustomEvent<ErrorDetail>;
  'prefloop:token': CustomEvent<TokenDetail>;
};
