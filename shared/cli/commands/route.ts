/** `prefloop route`: why a person is answered as they are. */
import { plural } from '../../alarms/words.ts';
import type { UserRoute } from '../../contracts/route.ts';
import { jsonOption, printAnswer } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { plain, short } from '../table.ts';

export const routeCommand = defineCommand(
  {
    name: 'prefloop route',
    summary: 'Which adapter answers a person of a domain, and why. Takes an admin key.',
    positionals: ['DOMAIN', 'USER'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop route support-tone anna',
  },
  async (values, [domain = '', user = '']) =>
    printAnswer(values.json, await openClient(values).getRoute(user, domain), formatRoute),
);

const TASTE = {
  mixture: 'with a mixture of their own',
  embedding: 'which is told whose taste it is',
};

function formatRoute({ user, domain, adapter, personal, encoder, votes, because }: UserRoute): string {
  const how = personal === null ? 'as everybody' : TASTE[personal];
  return [
    `${user} is answered in ${domain} by ${adapter === null ? 'the base' : short(adapter)}, ${how}`,
    ...(encoder === null ? [] : [`taste from ${plural(votes, 'vote')}, by the encoder ${short(encoder)}`]),
    ...because.map((reason) => `- ${plain(reason)}`),
  ].join('\n');
}
