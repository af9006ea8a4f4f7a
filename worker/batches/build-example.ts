/** One stored preference → one training example, or the reason why it yields none. Pure; the same at ingest and at lease. */
import type { Example } from '../../shared/contracts/batch.ts';
import type { Content } from '../../shared/contracts/candidate.ts';
import type { Choice, NotTrainableReason } from '../../shared/contracts/preference.ts';
import { type Prompt, withSystem } from '../../shared/contracts/prompt.ts';
import { type Judgement, judge } from './judgements.ts';
import { mergePairs } from './merge-pairs.ts';
import { type Facts, factsOf, missing, type RecipeNeeds, takes } from './recipe-needs.ts';

/** What was said, of which candidates (in the dealt order), and how much it counts. */
export type Judged = {
  candidates: readonly { id: string; content: Content }[];
  choice: Choice;
  confidence: number;
  weight: number;
};

export type Body = Pick<Example, 'completions' | 'images' | 'pairs' | 'ratings' | 'weight' | 'prefix'>;
export type NotTrainable = { notTrainable: NotTrainableReason };

/** The text a model is trained to write: steps are lines of one answer. A picture stands for itself by its hash. */
export function completionText(content: Content): string {
  if (content.type === 'image') return content.sha256;
  return content.type === 'text' ? content.text : content.steps.join('\n');
}

/** `system` is put before a conversation that has no system message of its own, as it is when answers are asked for. */
export function buildExample(
  judged: Judged & { preference: string; prompt: Prompt },
  recipe: RecipeNeeds,
  system: string | null = null,
): Example | NotTrainable {
  const built = buildBody(judged, factsOf(judged.prompt), recipe);
  return 'notTrainable' in built ? built : withPrompt(judged, built, system);
}

/**
 * For a vote that came in under another recipe, and is of no use to this one: as much of it as there is, so that the
 * runner can say why, and the vote ends with that reason.
 */
export function buildAnyExample(
  judged: Judged & { preference: string; prompt: Prompt },
  system: string | null = null,
): Example {
  const built = buildPairs(judged);
  const texts = [...new Set(judged.candidates.map(({ content }) => completionText(content)))];
  const body = 'notTrainable' in built ? { ...outputs(judged, texts), pairs: [] } : built;
  return withPrompt(judged, body, system);
}

function withPrompt(
  { preference, prompt }: { preference: string; prompt: Prompt },
  body: Body,
  system: string | null,
): Example {
  const asked = prompt.messages ? { ...prompt, messages: withSystem(prompt.messages, system) } : prompt;
  return { preference, prompt: asked, ...body };
}

/** What the recipe can train on, or why it cannot. */
export function buildBody(judged: Judged, facts: Facts, recipe: RecipeNeeds): Body | NotTrainable {
  const built = bodyOf(judged, recipe);
  if ('notTrainable' in built) return built;
  const reason = missing(built, judged.choice, facts, recipe);
  return reason === null ? built : { notTrainable: reason };
}

function bodyOf(judged: Judged, recipe: RecipeNeeds): Body | NotTrainable {
  const { choice } = judged;
  if (choice.type === 'stepMark' && takes('wrongStep', recipe)) return buildStep(judged, choice);
  if (choice.type === 'rating' && choice.ratings.length === 1 && takes('likedAnswer', recipe)) {
    return buildLiked(judged, choice.ratings[0] as { candidate: string; rating: number });
  }
  return buildPairs(judged);
}

/** One answer that somebody liked: rated above zero. */
function buildLiked({ candidates, weight }: Judged, { candidate, rating }: { candidate: string; rating: number }) {
  const content = candidates.find(({ id }) => id === candidate)?.content;
  const text = content ? completionText(content) : '';
  if (rating <= 0) return { notTrainable: 'singleRating' } as const;
  if (isBlank(text)) return { notTrainable: 'emptyCompletion' } as const;
  return { ...outputs({ candidates }, [text]), pairs: [], ratings: [rating], ...(weight !== 1 && { weight }) };
}

/** The first wrong step, after the right ones. A step ends with its line, unless it is the answer's last. */
function buildStep(
  { candidates, weight }: Judged,
  { candidate, firstWrongStep }: Extract<Choice, { type: 'stepMark' }>,
) {
  const content = candidates.find(({ id }) => id === candidate)?.content;
  if (content?.type !== 'steps') return { notTrainable: 'unsupportedKind' } as const;
  if (firstWrongStep === null) return { notTrainable: 'noWrongStep' } as const;
  const lines = content.steps.map((step, at) => (at + 1 < content.steps.length ? `${step}\n` : step));
  const wrong = lines[firstWrongStep] ?? '';
  if (isBlank(wrong)) return { notTrainable: 'emptyCompletion' } as const;
  const prefix = lines.slice(0, firstWrongStep).join('');
  return { completions: [wrong], pairs: [], prefix, ...(weight !== 1 && { weight }) };
}

/**
 * Equal texts become one completion, blank ones take no part; what pairs remain share the preference's weight.
 * The order of completions is that of the dealt candidates. An order of candidates leaves its ratings beside.
 */
function buildPairs(judged: Judged): Body | NotTrainable {
  const { candidates, choice, confidence, weight } = judged;
  const judgements = judge(
    choice,
    confidence,
    candidates.map(({ id }) => id),
  );
  if (typeof judgements === 'string') return { notTrainable: judgements };

  const texts = new Map(candidates.map(({ id, content }) => [id, completionText(content)]));
  const text = (id: string) => texts.get(id) ?? '';
  const spoken = judgements.filter(({ chosen, rejected }) => !isBlank(text(chosen)) && !isBlank(text(rejected)));
  if (spoken.length === 0) return { notTrainable: 'emptyCompletion' };

  const distinct = spoken.filter(({ chosen, rejected }) => text(chosen) !== text(rejected));
  if (distinct.length === 0) return { notTrainable: 'equalTexts' };

  const completions = usedTexts(candidates, text, distinct);
  const at = (id: string) => completions.indexOf(text(id));
  const indexed = distinct.map(({ chosen, rejected, p }) => ({ chosen: at(chosen), rejected: at(rejected), p }));
  const ratings = ratingsOf(choice, completions, text);
  return { ...outputs(judged, completions), pairs: mergePairs(indexed, weight), ...(ratings && { ratings }) };
}

/** Texts, or hashes of pictures: a comparison has either. */
function outputs({ candidates }: Pick<Judged, 'candidates'>, distinct: string[]): Pick<Body, 'completions' | 'images'> {
  const arePictures = candidates.some(({ content }) => content.type === 'image');
  return arePictures ? { completions: [], images: distinct } : { completions: distinct };
}

/** One per completion: as rated, or minus the place in a ranking; the mean where several candidates have one text. */
function ratingsOf(choice: Choice, completions: readonly string[], text: (id: string) => string) {
  const rated =
    choice.type === 'rating'
      ? choice.ratings.map(({ candidate, rating }) => ({ id: candidate, rating }))
      : choice.type === 'ranking'
        ? choice.ranking.flatMap((tier, place) => tier.map((id) => ({ id, rating: 0 - place })))
        : [];
  if (rated.length === 0) return undefined;
  return completions.map((completion) => {
    const values = rated.filter(({ id }) => text(id) === completion).map(({ rating }) => rating);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}

function usedTexts(
  candidates: Judged['candidates'],
  text: (id: string) => string,
  judgements: readonly Judgement[],
): string[] {
  const used = new Set(judgements.flatMap(({ chosen, rejected }) => [chosen, rejected]));
  return [...new Set(candidates.filter(({ id }) => used.has(id)).map(({ id }) => text(id)))];
}
