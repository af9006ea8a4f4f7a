/** Votes by who cast them, and answers by what was asked. */
import { ordersOf, placesOf, type RaterVote } from './vote.ts';

export interface Person {
  /** How many came before. */
  number: number;
  votes: number;
  /** Votes between two that went to the first and to the second place, where that is known. */
  shown: [first: number, second: number];
  latencies: number[];
  /** How often each order of places was given, where there are more ways than two. */
  patterns: Map<string, number>;
}

export interface People {
  /** Votes that decide something, also of nobody known. */
  votes: number;
  shown: [first: number, second: number];
  people: Map<string, Person>;
  /** By two outputs of a prompt: of each person, by number, whether the first is better; the last word counts. */
  answers: Map<string, Map<number, boolean>>;
}

type Numbered = { output: string; number: number };

/** votes: oldest first. */
export function tallyPeople(votes: readonly RaterVote[]): People {
  // Texts may be long, and each is in many answers: it is looked up once a vote.
  const numbers = new Map<string, number>();
  const numberOf = (text: string) => {
    const number = numbers.get(text) ?? numbers.size;
    numbers.set(text, number);
    return number;
  };
  const tally: People = { votes: 0, shown: [0, 0], people: new Map(), answers: new Map() };
  for (const vote of votes) {
    const orders = ordersOf(vote);
    if (orders.length === 0) continue;
    tally.votes++;
    const place = placeOf(vote);
    if (place !== null) tally.shown[place]++;
    if (vote.user === null) continue;
    const person: Person = tally.people.get(vote.user) ?? {
      number: tally.people.size,
      votes: 0,
      shown: [0, 0],
      latencies: [],
      patterns: new Map(),
    };
    tally.people.set(vote.user, person);
    person.votes++;
    if (place !== null) person.shown[place]++;
    if (vote.latencyMs !== null) person.latencies.push(vote.latencyMs);
    const pattern = patternOf(vote);
    if (pattern !== null) person.patterns.set(pattern, (person.patterns.get(pattern) ?? 0) + 1);
    const prompt = numberOf(vote.prompt);
    const outputs = vote.candidates.map(({ output }) => ({ output, number: numberOf(output) }));
    for (const { better, worse } of orders) {
      const [one, other] = [outputs[better] as Numbered, outputs[worse] as Numbered];
      const isFirst = one.output < other.output;
      const task = isFirst ? `${prompt} ${one.number} ${other.number}` : `${prompt} ${other.number} ${one.number}`;
      const given = tally.answers.get(task);
      if (given) given.set(person.number, isFirst);
      else tally.answers.set(task, new Map([[person.number, isFirst]]));
    }
  }
  return tally;
}

function placeOf({ choice, candidates }: RaterVote): 0 | 1 | null {
  if (choice.type !== 'pair' || candidates.length !== 2 || choice.position === undefined) return null;
  return choice.position === 0 ? 0 : 1;
}

/** What was said of the first place, the second and so on; of a pick between two, the place says it. */
function patternOf({ choice, candidates, isDealt }: RaterVote): string | null {
  if (!isDealt || (choice.type === 'pair' && candidates.length === 2)) return null;
  return placesOf(choice, candidates).join();
}
