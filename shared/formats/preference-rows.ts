/** Rows and preferences: what is sent for an imported row, and which rows a stored preference stands for. */
import type { z } from 'zod';
import type { Content } from '../contracts/candidate.ts';
import type { Choice, Preference, PreferenceInput } from '../contracts/preference.ts';
import { recordId } from '../math/record-id.ts';
import type { FormatName, RowOf } from './format.ts';
import type { AnyRow, Facts, RatedRow, Row, StepsRow } from './row.ts';

/** Inside its comparison a candidate needs an id of its own: the vote's, with the last digit moved on by 1 or 2. */
function candidateId(id: string, step: number): string {
  return id.slice(0, -1) + ((Number.parseInt(id.slice(-1), 16) + step) % 16).toString(16);
}

type Input = z.input<typeof PreferenceInput>;

/**
 * The vote that says what the row says. Its id is a hash of who preferred what to what, in which domain, so that a
 * second import is a replay; group, topic, known answer, confidence and features are no part of it: the same vote with others
 * of them is a conflict, never a second vote.
 */
export async function toPreferenceInput(row: AnyRow, domain: string): Promise<Input> {
  const { prompt, user, group, topic, answer, confidence, features } = row;
  const said = 'rated' in row ? { rated: row.rated } : 'steps' in row ? stepsOf(row) : pairOf(row);
  const id = await recordId({ domain, prompt, ...said, user });
  const candidates = contentsOf(row).map((content, index) => {
    const seen = features?.[index];
    const origin = { role: 'imported' as const };
    return { id: candidateId(id, index + 1), content, origin, ...(seen && { features: [seen] }) };
  });
  const facts = { ...(group !== undefined && { group }), ...(topic !== undefined && { topic }) };
  const asked = { ...prompt, ...facts, ...(answer !== undefined && { answer }) };
  const ids = candidates.map((candidate) => candidate.id);
  return {
    id,
    comparison: { domain, ...kindOf(row), prompt: asked, candidates },
    choice: choiceOf(row, ids),
    ...(user !== undefined && { user }),
    ...(confidence !== undefined && { confidence }),
  };
}

const pairOf = ({ chosen, rejected }: Row) => ({ chosen, rejected });
const stepsOf = ({ steps, firstWrongStep }: StepsRow) => ({ steps, firstWrongStep });

/** A pair is what a comparison is without being told. */
function kindOf(row: AnyRow): { kind?: 'rating' | 'steps' } {
  return 'rated' in row ? { kind: 'rating' } : 'steps' in row ? { kind: 'steps' } : {};
}

function contentsOf(row: AnyRow): Content[] {
  if ('steps' in row) return [{ type: 'steps', steps: row.steps }];
  const texts = 'rated' in row ? row.rated.map(({ text }) => text) : [row.chosen, row.rejected];
  return texts.map((text) => ({ type: 'text', text }));
}

function choiceOf(row: AnyRow, ids: readonly string[]): Choice {
  const id = (at: number) => ids[at] as string;
  if ('steps' in row) return { type: 'stepMark', candidate: id(0), firstWrongStep: row.firstWrongStep };
  if (!('rated' in row)) return { type: 'pair', chosen: id(0) };
  return { type: 'rating', ratings: row.rated.map(({ rating }, at) => ({ candidate: id(at), rating })) };
}

/** A candidate's text; steps are lines of one answer, as in training. */
function textOf(content: Content): string {
  if (content.type === 'image') return '';
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

/** Why a stored preference is not in a format. */
export type Inexpressible =
  | 'superseded'
  | 'tie'
  | 'bothBad'
  | 'skip'
  | 'stepMark'
  | 'singleRating'
  | 'allTied'
  | 'notRated'
  | 'noStepMark'
  | 'pictures';

/** The rows of a stored preference in the form that `format` has, or why there are none. */
export function toRowsOf<F extends FormatName>(format: F, preference: Preference): RowOf<F>[] | Inexpressible {
  // These formats have texts alone; a picture's hash is none.
  if (preference.comparison.candidates.some(({ content }) => content.type === 'image')) return 'pictures';
  return readers[format](preference) as RowOf<F>[] | Inexpressible;
}

const readers: Record<FormatName, (preference: Preference) => AnyRow[] | Inexpressible> = {
  trl: toRows,
  openai: toRows,
  hh: toRows,
  'trl-unpaired': toSingleRows,
  ultrafeedback: toRatedRow,
  'trl-stepwise': toStepsRow,
  'bigbench-mistake': toStepsRow,
};

function factsOf({ comparison, user, confidence }: Preference): Facts {
  const { messages, text, group, topic, answer } = comparison.prompt;
  return {
    prompt: messages === undefined ? { text: text ?? '' } : { messages },
    ...(user !== null && { user }),
    ...(group !== undefined && { group }),
    ...(topic !== undefined && { topic }),
    ...(answer !== undefined && { answer }),
    ...(confidence < 1 && { confidence }),
  };
}

function readerOf({ comparison }: Preference): (id: string) => string {
  const texts = new Map(comparison.candidates.map(({ id, content }) => [id, textOf(content)]));
  return (id) => texts.get(id) ?? '';
}

/** Every strict pair of the preference as a row, better ones first; or why there is none. */
export function toRows(preference: Preference): Row[] | Inexpressible {
  const { comparison, choice, supersededBy } = preference;
  if (supersededBy !== null) return 'superseded';
  const ids = [...new Set(comparison.candidates.map(({ id }) => id))];
  const tiers = rank(choice, ids);
  if (tiers === null) return choice.type as Inexpressible;
  if (choice.type === 'rating' && choice.ratings.length === 1) return 'singleRating';
  if (tiers.length === 1) return 'allTied';
  const [shared, read] = [factsOf(preference), readerOf(preference)];
  return tiers.flatMap((better, index) =>
    better.flatMap((chosen) =>
      tiers
        .slice(index + 1)
        .flatMap((worse) => worse.map((rejected) => ({ ...shared, chosen: read(chosen), rejected: read(rejected) }))),
    ),
  );
}

/** One answer a row: a single rating as it is; of a pair the chosen one is good, the other is not. */
function toSingleRows(preference: Preference): RatedRow[] | Inexpressible {
  const { comparison, choice, supersededBy } = preference;
  if (supersededBy !== null) return 'superseded';
  const [shared, read] = [factsOf(preference), readerOf(preference)];
  const row = (id: string, rating: number) => ({ ...shared, rated: [{ text: read(id), rating }] });
  if (choice.type === 'pair') {
    return comparison.candidates.map(({ id }) => row(id, id === choice.chosen ? 1 : 0));
  }
  if (choice.type === 'rating' && choice.ratings.length === 1) {
    return choice.ratings.map(({ candidate, rating }) => row(candidate, rating > 0 ? 1 : 0));
  }
  return choice.type === 'rating' || choice.type === 'ranking' ? 'notRated' : choice.type;
}

/** All answers in one row, in the order of the comparison; a ranking as minus the places. */
function toRatedRow(preference: Preference): RatedRow[] | Inexpressible {
  const { comparison, choice, supersededBy } = preference;
  if (supersededBy !== null) return 'superseded';
  if (choice.type !== 'rating' && choice.type !== 'ranking') return choice.type === 'pair' ? 'notRated' : choice.type;
  const ratings = new Map(
    choice.type === 'rating'
      ? choice.ratings.map(({ candidate, rating }) => [candidate, rating])
      : choice.ranking.flatMap((tier, place) => tier.map((id) => [id, 0 - place] as const)),
  );
  const read = readerOf(preference);
  const rated = comparison.candidates.flatMap(({ id }) => {
    const rating = ratings.get(id);
    return rating === undefined ? [] : [{ text: read(id), rating }];
  });
  return [{ ...factsOf(preference), rated }];
}

function toStepsRow(preference: Preference): StepsRow[] | Inexpressible {
  const { comparison, choice, supersededBy } = preference;
  if (supersededBy !== null) return 'superseded';
  if (choice.type !== 'stepMark') {
    return choice.type === 'tie' || choice.type === 'bothBad' || choice.type === 'skip' ? choice.type : 'noStepMark';
  }
  const content = comparison.candidates.find(({ id }) => id === choice.candidate)?.content;
  if (content?.type !== 'steps') return 'noStepMark';
  return [{ ...factsOf(preference), steps: content.steps, firstWrongStep: choice.firstWrongStep }];
}
