/** What esbuild brings in as minified text (scripts/pages.ts). */
declare module '*/style.css' {
  const text: string;
  export default text;
}
