/** A vote on its way in: parsed, hashed, its token verified, not yet judged against what is stored. */
import type { Candidate } from '../../shared/contracts/candidate.ts';
import type { ComparisonKind } from '../../shared/contracts/comparison.ts';
import type { NotTrainableReason, PreferenceInput, PreferenceStatus } from '../../shared/contracts/preference.ts';
import type { Facts } from '../batches/recipe-needs.ts';
import type { Rejection } from './rejection.ts';

/** What the access of a call decides about its votes. */
export type Voter = { user: string | null; weight: number; mustBeAssigned: boolean };

export type Vote = {
  input: PreferenceInput;
  bodyHash: string;
  /** Id of the comparison, also of one that came with the vote. */
  comparison: string;
  inline: InlineRows | null;
  voter: Voter;
  /** What the token says, why it is refused, or null when none came. */
  assignment: { nonce: string } | Rejection | null;
};

/** Rows of a comparison that came with its vote; `body`, `content`, `origin` and `features` of rows are canonical JSON. */
export type InlineRows = {
  domain: string;
  kind: ComparisonKind;
  bodyHash: string;
  prompt: { id: string; body: string; group: string | null; facts: Facts };
  candidates: Pick<Candidate, 'id' | 'content'>[];
  /** Hashes of the pictures that it compares; none for texts. */
  pictures: string[];
  /** origin null = imported, nothing more is known. */
  candidateRows: { id: string; content: string; origin: string | null; features: string | null }[];
};

export type Outcome =
  | { result: 'created' | 'duplicate'; status: PreferenceStatus; notTrainable: NotTrainableReason | null }
  | ({ result: 'rejected' } & Rejection);
