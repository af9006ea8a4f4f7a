/** docs/metrics.md as the page gets it from scripts/meanings.ts: name → unit and meaning. */
declare module '*/metrics.md' {
  const meanings: Record<string, { unit: string; meaning: string }>;
  export default meanings;
}
