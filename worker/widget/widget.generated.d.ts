/** <prefloop-compare> as one script; written by scripts/pages.ts. */
export declare const widgetScript: string;
