/** Text as it may be stored, tokenised and shown: valid Unicode, no NUL, bounded. */
import { z } from 'zod';

/** Longest text of one message or candidate, in UTF-16 code units. */
export const MAX_TEXT = 100_000;

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

const storable = 'must be valid Unicode without NUL characters or lone surrogates';

/** May be empty: an empty completion is a fact about a model, reported per row and never trained on. */
export const Text = z.string().max(MAX_TEXT).refine(isStorable, storable).meta({ id: 'Text' });

export const NonEmptyText = z.string().min(1).max(MAX_TEXT).refine(isStorable, storable).meta({ id: 'NonEmptyText' });
