/** How a file is turned away: a code, and a sentence that says what is wrong with the file. */
import type { AdapterFileName } from '../../shared/contracts/adapter.ts';
import { ApiError } from '../access/api-error.ts';

/** What is wrong, without the name of the file: "has a gap of 4 bytes". */
export class Problem extends Error {}

export function refuse(name: AdapterFileName, problem: string): never {
  throw new ApiError(name.startsWith('encoder.') ? 'encoder_invalid' : 'adapter_invalid', `${name} ${problem}.`);
}
