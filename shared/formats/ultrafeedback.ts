/**
 * Ranked lists with ratings, as in UltraFeedback (arXiv 2310.01377): an `instruction` and `completions`, each with a
 * `response` and its rating: `overall_score`, or the mean of its `annotations`' `Rating`s. Printed with `overall_score`.
 */
import { type RatedRow, Unusable } from './row.ts';
import { plainPrompt } from './trl-stepwise.ts';

const MOST = 8;

export const ultrafeedback = {
  parse({ instruction, completions }: Record<string, unknown>): RatedRow {
    if (typeof instruction !== 'string') {
      throw new Unusable(instruction == null ? 'missingField' : 'wrongType', 'instruction', 'instruction must be text');
    }
    if (!Array.isArray(completions)) {
      throw new Unusable(
        completions == null ? 'missingField' : 'wrongType',
        'completions',
        'completions must be a list',
      );
    }
    if (completions.length === 0) throw new Unusable('empty', 'completions', 'there is no completion');
    if (completions.length > MOST) {
      throw new Unusable('tooLong', 'completions', `${completions.length} completions, at most ${MOST} are compared`);
    }
    return { prompt: { text: instruction }, rated: completions.map(readCompletion) };
  },

  print({ prompt, rated }: RatedRow): Record<string, unknown> {
    const completions = rated.map(({ text, rating }) => ({ response: text, overall_score: rating }));
    return { instruction: plainPrompt(prompt), completions };
  },
};

function readCompletion(value: unknown, at: number): RatedRow['rated'][number] {
  const field = `completions.${at}`;
  const { response, overall_score: overall, annotations } = isRecord(value) ? value : {};
  if (typeof response !== 'string') {
    throw new Unusable('wrongType', `${field}.response`, `${field}.response must be text`);
  }
  const rating = readNumber(overall) ?? meanRating(annotations);
  if (rating === null) {
    throw new Unusable('missingField', `${field}.overall_score`, `${field} has neither overall_score nor ratings`);
  }
  if (Math.abs(rating) > 1000) {
    throw new Unusable('outOfRange', `${field}.overall_score`, `${field} is rated outside -1000 to 1000`);
  }
  return { text: response, rating };
}

/** Fine-grained aspects count the same; "N/A" is no rating. */
function meanRating(annotations: unknown): number | null {
  if (!isRecord(annotations)) return null;
  const ratings = Object.values(annotations).flatMap((aspect) => {
    const rating = isRecord(aspect) ? readNumber(aspect.Rating) : null;
    return rating === null ? [] : [rating];
  });
  return ratings.length > 0 ? ratings.reduce((sum, rating) => sum + rating, 0) / ratings.length : null;
}

function readNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  return typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
