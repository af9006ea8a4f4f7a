/**
 * Every number that this page shows, with the words it is shown under. What it means is read from docs/metrics.md when the page
 * is built: a name without an entry there fails the build.
 */
export const TERMS = {
  loss: 'Loss',
  accuracyBefore: 'Agreement before training',
  margin: 'Margin',
  rewardsChosen: 'Reward of chosen',
  rewardsRejected: 'Reward of rejected',
  logpsChosen: 'Log-probability of chosen',
  logpsRejected: 'Log-probability of rejected',
  lengthChosen: 'Length of chosen',
  skippedSteps: 'Skipped steps',
  errorChosen: 'Error on chosen',
  errorRejected: 'Error on rejected',
  'gate.accuracy': 'Held-out accuracy',
  'gate.displacement': 'Displacement',
  'gate.kl': 'Drift (KL)',
  'gate.length': 'Length ratio',
  'people.disagrees': 'disagrees with the others',
  'people.place': 'chooses by the place',
  'people.haste': 'answers too fast to read',
  'people.sameAnswer': 'orders the places the same way every time',
  'console.votesPerMinute': 'Votes per minute',
  'console.waiting': 'Waiting',
  'console.batched': 'In training',
  'console.consumed': 'Learned from',
  'console.heldOut': 'Held out',
  'console.notTrainable': 'Not trainable',
  'console.superseded': 'Replaced',
  'console.quarantined': 'Set aside',
  'console.freed': 'Freed',
  'console.alpha': 'Agreement (α)',
  'console.position': 'First-place bias',
  'console.raterVotes': 'Votes',
  'console.checked': 'Judged by others too',
  'console.informedness': 'Informedness',
  'console.latency': 'Median time',
  'console.strength': 'Strength',
  'console.embedding': 'Embedding',
  'console.uncertainty': 'Uncertainty',
  'console.weight': 'Weight of a vote',
  'console.credit': 'Credit',
  'console.reward': 'Reward of the answer',
} as const;

export type Term = keyof typeof TERMS;

export const isTerm = (name: string): name is Term => Object.hasOwn(TERMS, name);
