/** Votes come in: looked up, judged, written; again from the start when somebody wrote the same thing in between. */
import { type Database, isDuplicate, isGuardFailure } from './database.ts';
import { decideVotes } from './preferences-decide.ts';
import { gather } from './preferences-gather.ts';
import type { Outcome, Vote } from './preferences-vote.ts';
import { writeVotes } from './preferences-write.ts';

/** Every further attempt means that another call stored one of these very votes: after it, they are duplicates. */
const MAX_ATTEMPTS = 10;

/**
 * Stores the votes that can be stored, in order, all in one atomic batch, and answers each one. A vote whose id is
 * stored with the same hash is a duplicate and changes nothing.
 */
export async function storeVotes(
  db: Database,
  project: string,
  votes: readonly Vote[],
  now: number,
): Promise<Outcome[]> {
  for (let attempt = 1; ; attempt += 1) {
    const gathered = await gather(db, project, votes);
    const { outcomes, rows, accepted, replacements } = decideVotes(project, votes, gathered);
    if (rows.length === 0) return outcomes;
    try {
      await writeVotes(db, project, accepted, rows, replacements, now);
      return outcomes;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !(isDuplicate(error, 'preference') || isGuardFailure(error))) throw error;
    }
  }
}
