/** The demo page as one HTML document; written by scripts/pages.ts. */
export declare const demoPage: string;
