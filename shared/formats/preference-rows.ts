/** Rows and preferences: what is sent for an imported row, and which rows a stored preference stands for. */
import type { z } from 'zod';
import type { Content } from '../contracts/candidate.ts';
import type { Choice, Preference, PreferenceInput } from '../contracts/preference.ts';
import { recordId } from '../math/record-id.ts';
import type { Row } from './row.ts';

/** Inside its comparison a candidate needs an id of its own: the vote's, with the last digit moved on by 1 or 2. */
function candidateId(id: string, step: number): string {
  return id.slice(0, -1) + ((Number.parseInt(id.slice(-1), 16) + step) % 16).toString(16);
}

/**
 * The vote that says what the row says. Its id is a hash of who preferred what to what, in which domain, so that a
 * second import is a replay; group and confidence are no part of it: the same vote with others of them is a conflict,
 * never a second vote.
 */
export async function toPreferenceInput(row: Row, domain: string): Promise<z.input<typeof PreferenceInput>> {
  const { prompt, chosen, rejected, user, group, confidence } = row;
  const id = await recordId({ domain, prompt, chosen, rejected, user });
  const candidates = [chosen, rejected].map((text, index) => ({
    id: candidateId(id, index + 1),
    content: { type: 'text' as const, text },
    origin: { role: 'imported' as const },
  }));
  return {
    id,
    comparison: { domain, prompt: group === undefined ? prompt : { ...prompt, group }, candidates },
    choice: { type: 'pair', chosen: candidateId(id, 1) },
    ...(user !== undefined && { user }),
    ...(confidence !== undefined && { confidence }),
  };
}

/** A candidate's text; steps are lines of one answer, as in training. */
function textOf(content: Content): string {
  return content.type === 'text' ? content.text : content.steps.join('\n');
}

/** Candidates from best to worst, tied ones together; null for a choice that prefers nothing to anything. */
function rank(choice: Choice, candidates: readonly string[]): string[][] | null {
  switch (choice.type) {
    case 'pair':
      return [[choice.chosen], candidates.filter((id) => id !== choice.chosen)];
    case 'ranking':
      return choice.ranking;
    case 'rating': {
      const ratings = [...new Set(choice.ratings.map(({ rating }) => rating))].sort((a, b) => b - a);
      return ratings.map((value) =>
        choice.ratings.filter(({ rating }) => rating === value).map((each) => each.candidate),
      );
    }
    default:
      return null;
  }
}

/** Why a stored preference is in no pair format. */
export type Inexpressible = 'superseded' | 'tie' | 'bothBad' | 'skip' | 'stepMark' | 'singleRating' | 'allTied';

/** Every strict pair of the preference as a row, better ones first; or why there is none. */
export function toRows(preference: Preference): Row[] | Inexpressible {
  const { comparison, choice, user, confidence, supersededBy } = preference;
  if (supersededBy !== null) return 'superseded';
  const texts = new Map(comparison.candidates.map(({ id, content }) => [id, textOf(content)]));
  const tiers = rank(choice, [...texts.keys()]);
  if (tiers === null) return choice.type as Inexpressible;
  if (choice.type === 'rating' && choice.ratings.length === 1) return 'singleRating';
  if (tiers.length === 1) return 'allTied';
  const { messages, text, group } = comparison.prompt;
  const shared = {
    prompt: messages === undefined ? { text: text ?? '' } : { messages },
    ...(user !== null && { user }),
    ...(group !== undefined && { group }),
    ...(confidence < 1 && { confidence }),
  };
  const read = (id: string) => texts.get(id) ?? '';
  return tiers.flatMap((better, index) =>
    better.flatMap((chosen) =>
      tiers
        .slice(index + 1)
        .flatMap((worse) => worse.map((rejected) => ({ ...shared, chosen: read(chosen), rejected: read(rejected) }))),
    ),
  );
}
