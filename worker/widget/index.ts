/** What the package @prefloop/widget gives: importing it defines the element. */
export { PrefloopCompare } from './element.ts';
export type * from './types.ts';
