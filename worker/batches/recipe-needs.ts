/** What a domain's recipe can use of a vote. The runner checks the same again, for files and for votes of earlier recipes. */
import type { Example } from '../../shared/contracts/batch.ts';
import type { Choice, NotTrainableReason } from '../../shared/contracts/preference.ts';
import type { Prompt } from '../../shared/contracts/prompt.ts';
import type { Recipe } from '../../shared/contracts/recipe.ts';

/** The part of a recipe that decides. */
export type RecipeNeeds = { method: Recipe['method']; ceWeight?: number | null; resample?: boolean | null };

/** hasUser: whether it is known whose vote it is; not asked again of votes that are in a batch. */
export type Facts = { hasTopic: boolean; hasAnswer: boolean; hasUser?: boolean };

/** As a JSON object of SQL, from a row of `domain AS d`. */
export const RECIPE_NEEDS = `json_object('method', d.recipe ->> '$.method', 'ceWeight', d.recipe ->> '$.ceWeight',
  'resample', json(coalesce(d.recipe -> '$.resample', 'null')))`;

export function factsOf(prompt: Pick<Prompt, 'topic' | 'answer'>): Facts {
  return { hasTopic: prompt.topic !== undefined, hasAnswer: prompt.answer !== undefined };
}

/** Methods that learn from pictures alone. */
const PICTURES: readonly Recipe['method'][] = ['diffusion-dpo', 'rank-dpo', 'ppd'];

/** Whether the domain's model may be one that draws: `sft` takes texts and pictures. */
export function isPictured({ method }: Pick<Recipe, 'method'>): boolean {
  return PICTURES.includes(method) || method === 'sft';
}

/** Methods that learn from one answer alone. */
const ONE_ANSWER: readonly Recipe['method'][] = ['sft', 'egida', 'rebirth'];

/** Whether a single liked answer, or a step that was marked wrong, is an example to this recipe. */
export function takes(kind: 'likedAnswer' | 'wrongStep', recipe: RecipeNeeds): boolean {
  return kind === 'wrongStep' ? recipe.method === 'step-dpo' : ONE_ANSWER.includes(recipe.method);
}

/** null = the recipe can train on it. */
export function missing(
  example: Pick<Example, 'completions' | 'images' | 'ratings' | 'prefix'>,
  choice: Choice,
  facts: Facts,
  recipe: RecipeNeeds,
): NotTrainableReason | null {
  const hasPictures = (example.images ?? []).length > 0;
  if (!hasPictures && PICTURES.includes(recipe.method)) return 'needsImages';
  if (hasPictures && !isPictured(recipe)) return 'needsText';
  switch (recipe.method) {
    case 'ppd':
      return facts.hasUser === false ? 'needsUser' : null;
    case 'curry-dpo':
      return missingRanking(example, choice);
    case 'cofs-dpo':
      return facts.hasTopic ? null : 'needsTopic';
    case 'mrdpo':
      return (recipe.ceWeight ?? 0) > 0 && !facts.hasAnswer ? 'needsAnswer' : null;
    case 'step-dpo':
      return example.prefix === undefined && !facts.hasAnswer ? 'needsSteps' : null;
    default:
      return null;
  }
}

function missingRanking({ completions, ratings }: Pick<Example, 'completions' | 'ratings'>, choice: Choice) {
  const isOrdered = choice.type === 'ranking' || choice.type === 'rating';
  if (!isOrdered || ratings === undefined || completions.length < 3) return 'needsRanking';
  return new Set(ratings).size < 2 ? 'equalRatings' : null;
}
