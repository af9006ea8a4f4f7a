/** Where the console is tested: a real edge with a history, a back end with made-up answers, and a real browser. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { HostName } from '../../scripts/edge/spawn.ts';
import { startBrowser } from '../browser.ts';
import { TestEdge, type TestProject } from '../worker/hosts.ts';
import { type InferenceServer, startInferenceServer } from '../worker/inference-server.ts';
import { seedEdge } from './seed.ts';

export class ConsoleStage {
  readonly host: HostName;
  edge!: TestEdge;
  browser!: Browser;
  inference!: InferenceServer;
  project!: TestProject;
  seeded!: Awaited<ReturnType<typeof seedEdge>>;

  constructor(host: HostName = 'deno') {
    this.host = host;
  }

  async start(seed: Parameters<typeof seedEdge>[2] = {}): Promise<void> {
    this.inference = await startInferenceServer();
    this.edge = new TestEdge(this.host, { INFERENCE_URL: this.inference.url });
    [this.browser] = await Promise.all([startBrowser(), this.edge.start()]);
    this.project = await this.edge.createProject({ name: 'Northwind help desk' });
    this.seeded = await seedEdge(this.edge, this.project, seed);
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    await this.edge?.stop();
    await this.inference?.close();
  }

  /** The console at an address, with what went wrong on it; nobody is signed in yet. */
  async open(address = '', options: Parameters<Browser['newContext']>[0] = {}, context?: BrowserContext) {
    const place = context ?? (await this.browser.newContext(options));
    const page = await place.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      // A refused request is an answer that the page shows.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        errors.push(message.text());
    });
    page.on('dialog', (dialog) => {
      errors.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(`${this.edge.url}/console${address}`);
    return { page, context: place, errors };
  }

  async signIn(page: Page): Promise<void> {
    await page.getByLabel('Admin key').fill(this.project.admin);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('#tabs a').first().waitFor();
  }
}
