/**
 * Where the widget is tested: a real edge, a page of another origin under a strict Content-Security-Policy, and a real
 * browser. The page's own script is a file, because the policy allows no inline one.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from '../browser.ts';
import { TestEdge, type TestProject } from '../worker/hosts.ts';

type File = { type: string; body: string; headers?: Record<string, string> };

export type Heard = { type: string; detail: Record<string, unknown> };

export type PageOptions = {
  attributes?: Record<string, string>;
  /** Runs after the widget; `widget` is the element. */
  script?: string;
  /** Goes into <head>. */
  head?: string;
  html?: string;
  lang?: string;
  user?: string | null;
};

const RECORD = `window.heard = [];
for (const type of ['vote', 'undo', 'sent', 'error', 'token'])
  document.addEventListener('prefloop:' + type, ({ detail }) =>
    heard.push({ type, detail: JSON.parse(JSON.stringify(detail)) }));
window.widget = document.querySelector('prefloop-compare');
`;

export class Stage {
  readonly edge: TestEdge;
  browser!: Browser;
  project!: TestProject;
  ingest = '';
  origin = '';
  #files = new Map<string, File>();
  #server: Server | undefined;
  #pages = 0;

  constructor(settings: Record<string, string> = {}) {
    this.edge = new TestEdge('deno', settings);
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      const file = this.#files.get(new URL(request.url ?? '/', 'http://page').pathname);
      response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain', ...file?.headers });
      response.end(file?.body);
    }).listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    [this.browser] = await Promise.all([startBrowser(), this.edge.start()]);
    this.project = await this.edge.createProject({ allowedOrigins: [this.origin] });
    await this.project.createDomain({ holdOut: 0 });
    this.ingest = await this.project.createKey(['ingest']);
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    this.#server?.close();
    await this.edge.stop();
  }

  serve(path: string, file: File): string {
    this.#files.set(path, file);
    return this.origin + path;
  }

  get policy(): string {
    const { url } = this.edge;
    return `default-src 'none'; script-src 'self' ${url}; connect-src ${url}; img-src ${url}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`;
  }

  /** Address of a page with one widget; `user: null` gives it no token. */
  async address(options: PageOptions = {}): Promise<string> {
    const { script = '', head = '', html = '', lang = 'en', user = 'anna' } = options;
    const token = user === null ? {} : { token: await this.project.createUserToken(user, ['collect']) };
    const attributes = { domain: 'replies', ...token, ...options.attributes };
    const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${value.replaceAll('"', '&quot;')}"`);
    const path = `/page-${this.#pages++}`;
    this.serve(`${path}.js`, { type: 'text/javascript', body: RECORD + script });
    const body = `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>A page</title>
<meta name="viewport" content="width=device-width, initial-scale=1">${head}
<script src="${this.edge.url}/widget.js" defer></script><script src="${path}.js" defer></script></head>
<body><main><h1>A page</h1>${html}<prefloop-compare${written.join('')}></prefloop-compare></main></body></html>`;
    return this.serve(path, { type: 'text/html', body, headers: { 'content-security-policy': this.policy } });
  }

  /** A page in a context of its own, with what went wrong on it. */
  async open(options: PageOptions & { context?: BrowserContext; browser?: object } = {}) {
    const context = options.context ?? (await this.browser.newContext(options.browser));
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('dialog', (dialog) => {
      errors.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(await this.address(options));
    return { page, context, errors };
  }

  /** All votes the edge has on the project, in order of arrival. */
  async votes() {
    const items = [];
    for (let after: number | null = 0; after !== null; ) {
      const query = `/v1/preferences?limit=500&after=${after}`;
      const page = await this.edge.get('GET', query, { bearer: this.ingest });
      items.push(...page.items);
      after = page.next;
    }
    return items;
  }
}

/** What the page has heard from the widget. */
export async function heard(page: Page, type?: string): Promise<Heard[]> {
  const all = await page.evaluate<Heard[]>('heard');
  return type ? all.filter((each) => each.type === type) : all;
}

/** `widget.compare` of texts, as source of a page's script. */
export function compare(prompt: string, candidates: unknown[], rest: object = {}): string {
  return `widget.compare(${JSON.stringify({ prompt, candidates, ...rest })});\n`;
}
