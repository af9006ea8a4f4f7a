/** What the demo page and the edge say to each other; only there when the edge runs a demo. */
import type { DomainStats } from '../../shared/contracts/stats.ts';

/** Replies drawn for a comparison, of which the two that differ most are dealt: two of a kind teach little. */
export const DRAWS = 4;

/** The value of the binding DEMO, as JSON. */
export type DemoConfig = {
  project: string;
  domain: string;
  prompts: string[];
  /** Asked again after every new adapter, to show before and now. */
  samples: string[];
  taste: DemoTastes;
};

/** What a taste is shown on; or why it is not. */
export type DemoTastes = Record<'pictures' | 'replies', DemoTaste | { missing: string }>;

export type DemoTaste = {
  domain: string;
  /** That a person picks on. */
  prompts: string[];
  /** That are answered for the person, beside for everyone. */
  shown: string[];
  /** What the numbers of a mixture are weights of. */
  basis?: string[];
};

export type DemoSession = {
  token: string;
  expiresInSeconds: number;
  domain: string;
  prompts: string[];
  /** Where in the prompts this person starts, so that two people do not see the same ones first. */
  offset: number;
  project: string;
  taste: DemoTastes;
};

/** Whether what is personal is published by now: its models are loaded beside the others. */
export type DemoReady = { pictures: boolean; replies: boolean };

export type DemoState = { stats: DomainStats; now: number };
