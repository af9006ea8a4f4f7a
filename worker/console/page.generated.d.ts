/** The console as one HTML document, and what its policy lets run; written by scripts/pages.ts. */
export declare const consolePage: { html: string; scriptHash: string; styleHash: string };
