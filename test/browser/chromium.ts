/** Opens pages in headless Chromium, and keeps account of what a page must not do. */
import {existsSync} from 'node:fs';
import {chromium, type Browser, type Page} from 'playwright-core';

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where Chromium is: `CHROMIUM`, or its usual paths. */
export function chromiumPath(): string | undefined {
  return [process.env['CHROMIUM'], ...usual].find((path) => path !== undefined && existsSync(path));
}

/** A suite that needs Chromium: where there is none, one test says so and is skipped. */
export function inChromium(title: string, milliseconds: number, tests: (path: string) => void): void {
  describe(title, function () {
    this.timeout(milliseconds);
    const path = chromiumPath();
    if (path === undefined) it('needs Chromium: install it, or set CHROMIUM to its path');
    else tests(path);
  });
}

export function launch(executablePath: string): Promise<Browser> {
  const quiet = [
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet]});
}

export interface Visit {
  readonly page: Page;
  /** Script errors, complaints of the console, and requests to anything but the page itself. */
  readonly complaints: string[];
}

export async function visit(browser: Browser, url: string): Promise<Visit> {
  const page = await browser.newPage({viewport: {width: 1200, height: 900}});
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    if (request.url() !== url && !/^(data|blob):/.test(request.url()))
      complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url);
  return {page, complaints};
}
