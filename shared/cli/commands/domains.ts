/** `prefloop domains`: streams of preferences, each with its recipe. */
import type { Client } from '../../client/client.ts';
import { RaterWeighting } from '../../contracts/rater.ts';
import { Recipe } from '../../contracts/recipe.ts';
import { jsonLinesOption, jsonOption, printAnswer, printList } from '../answer.ts';
import { defineCommand } from '../command.ts';
import { connectionOptions, openClient } from '../connection.ts';
import { readSettings, settingOptions } from '../settings.ts';
import { formatTable, short } from '../table.ts';

// The edge holds the body against the contract and names every wrong field.
type DomainBody = Parameters<Client['createDomain']>[0];
type DomainChange = Parameters<Client['updateDomain']>[1];

const METHODS = Recipe.options.map(({ shape }) => shape.method.value);

const raterWeights = {
  type: 'text',
  value: 'HOW',
  choices: RaterWeighting.options,
  help: 'Whether votes of unreliable people count less in training. A new domain has: off.',
} as const;

const create = defineCommand(
  {
    name: 'prefloop domains create',
    summary: 'Creates a domain. What is not set takes the defaults that `domains show` prints afterwards.',
    positionals: ['ID'],
    options: {
      baseModel: { type: 'text', value: 'NAME', help: '"tiny", a hub id or a folder name.' },
      method: {
        type: 'text',
        value: 'NAME',
        choices: METHODS,
        help: 'The recipe’s method. Default: ofs-dpo.',
      },
      raterWeights,
      ...settingOptions,
      json: jsonOption,
      ...connectionOptions,
    },
    example: 'prefloop domains create tone --base-model tiny --set recipe.epochs=3 --set holdOut=0.2',
  },
  async (values, [id = '']) => {
    const body = await readSettings(values);
    const { baseModel = body.baseModel, raterWeights = body.raterWeights } = values;
    const given = body.recipe as { method?: string } | undefined;
    const recipe = { ...given, method: values.method ?? given?.method ?? 'ofs-dpo' };
    const input = { ...body, id, baseModel, recipe, raterWeights } as DomainBody;
    return printAnswer(values.json, await openClient(values).createDomain(input));
  },
);

const patch = defineCommand(
  {
    name: 'prefloop domains patch',
    summary: 'Changes a domain; a recipe is replaced whole. What fixes the split cannot change.',
    positionals: ['ID'],
    options: { raterWeights, ...settingOptions, json: jsonOption, ...connectionOptions },
    example: 'prefloop domains patch support-tone --set batchSize=64 --rater-weights reliability',
  },
  async (values, [id = '']) => {
    const { raterWeights } = values;
    const change = { ...(await readSettings(values)), ...(raterWeights && { raterWeights }) };
    return printAnswer(values.json, await openClient(values).updateDomain(id, change as DomainChange));
  },
);

const list = defineCommand(
  {
    name: 'prefloop domains list',
    summary: 'The project’s domains.',
    options: { json: jsonLinesOption, ...connectionOptions },
    example: 'prefloop domains list',
  },
  async (values) => {
    const { items } = await openClient(values).listDomains();
    return printList(values.json, items, (domains) => {
      const rows = domains.map(({ id, baseModel, recipe, head, live }) => ({
        id,
        base: baseModel,
        method: recipe.method,
        head: short(head),
        live: short(live),
      }));
      return formatTable(rows, 'no domains');
    });
  },
);

const show = defineCommand(
  {
    name: 'prefloop domains show',
    summary: 'One domain with all its settings, each under the path that --set takes.',
    positionals: ['ID'],
    options: { json: jsonOption, ...connectionOptions },
    example: 'prefloop domains show support-tone',
  },
  async (values, [id = '']) => printAnswer(values.json, await openClient(values).getDomain(id)),
);

export const domainCommands = [create, patch, list, show];
