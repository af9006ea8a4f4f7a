/** Whether a domain's model writes or draws. */
import type { AdapterRecord } from '../../shared/contracts/adapter.ts';
import { kindOfAdapter } from '../adapter-files/image-adapter.ts';
import { isPictured } from '../batches/recipe-needs.ts';
import type { DomainRow } from '../store/domains.ts';
import type { Output } from './back-end.ts';

/** What an adapter is made of says which model it belongs to: a recipe may be for either (sft). */
export function outputOfAdapter({ files }: Pick<AdapterRecord, 'files'>): Output {
  return kindOfAdapter(files.map(({ name }) => name)) === 'pictures' ? 'pictures' : 'text';
}

/** Before an adapter is live, the recipe says it; one for either counts as one for texts. */
export function outputOf({ recipe }: Pick<DomainRow, 'recipe'>, live: AdapterRecord | null): Output {
  if (live) return outputOfAdapter(live);
  return isPictured(recipe) && recipe.method !== 'sft' ? 'pictures' : 'text';
}
