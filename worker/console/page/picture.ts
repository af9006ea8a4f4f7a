/** What a plot draws: lines with their intervals over one axis, and what they are compared with. */
import type { Measured } from './figures.ts';
import type { Term } from './terms.ts';

export type Line = { term: Term; points: Measured[]; isSoft?: boolean };
export type Bound = { y: number; label: string };

export type Picture = {
  x: number[];
  /** What each point is, for the reading: "adapter 3f2a91bc, after 480 votes". */
  names: string[];
  xUnit: string;
  lines: Line[];
  bounds?: Bound[];
  /** Always in sight, so that noise does not fill the picture. */
  show?: number[];
  format: (value: number) => string;
  missing: string;
  isBars?: boolean;
};
