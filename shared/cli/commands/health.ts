/** `prefloop health`: whether the edge and what it stands on are there. */
import type { Health } from '../../contracts/stats.ts';
import { jsonOption, printAnswer } from '../answer.ts';
import { defineCommand, exitCode } from '../command.ts';
import { edgeOption, openEdge } from '../connection.ts';

export const healthCommand = defineCommand(
  {
    name: 'prefloop health',
    summary: 'Whether the edge and what it stands on are there. Takes no key; ends with 1 when a part is missing.',
    options: { json: jsonOption, edge: edgeOption },
    example: 'prefloop health --edge https://edge.example.com',
  },
  async (values) => {
    const health = await openEdge(values).getHealth();
    printAnswer(values.json, health, formatHealth);
    return health.status === 'ok' ? exitCode.ok : exitCode.failed;
  },
);

function formatHealth({ status, version, host, database, files, inference }: Health): string {
  const said = (there: boolean | null) => (there === null ? 'none is configured' : there ? 'ok' : 'MISSING');
  return [
    `${status}: version ${version} on ${host}`,
    `database   ${said(database)}`,
    `files      ${said(files)}`,
    `inference  ${said(inference)}`,
  ].join('\n');
}
