/** Starts JupyterLab with settings of its own, and opens notebooks in it. */
import {spawn} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Browser, Page} from 'playwright-core';
import {python, temporaryFolder} from '../support';

export interface Lab {
  /** Opens a notebook, as one that somebody else made: it is not trusted. */
  readonly open: (browser: Browser, notebook: object, width?: number) => Promise<Page>;
  /** Opens a notebook of these cells with the project's kernel. */
  readonly work: (browser: Browser, cells: readonly string[]) => Promise<Page>;
  readonly stop: () => Promise<void>;
}

/** Starts JupyterLab in an empty folder. @param theme `JupyterLab Light` or `JupyterLab Dark`. */
export async function startLab(theme: string): Promise<Lab> {
  const folder = temporaryFolder();
  const home = temporaryFolder();
  const settings = join(home, 'settings', '@jupyterlab', 'apputils-extension');
  mkdirSync(settings, {recursive: true});
  writeFileSync(
    join(settings, 'themes.jupyterlab-settings'),
    JSON.stringify({theme, 'adaptive-theme': false}),
  );
  writeFileSync(
    join(settings, 'notification.jupyterlab-settings'),
    JSON.stringify({fetchNews: 'false', checkForUpdates: false}),
  );
  const own = {
    JUPYTER_CONFIG_DIR: join(home, 'config'),
    JUPYTER_DATA_DIR: join(home, 'data'),
    JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: join(home, 'settings'),
    JUPYTERLAB_WORKSPACES_DIR: join(home, 'workspaces'),
  };
  const options = [
    '--no-browser',
    '--allow-root',
    '--ServerApp.port=0',
    '--IdentityProvider.token=',
    `--ServerApp.root_dir=${folder}`,
  ];
  const server = spawn(python(), ['-m', 'jupyterlab', ...options], {env: {...process.env, ...own}});
  const ended = new Promise<void>((resolve) => server.on('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    server.stderr.on('data', (text: Buffer) => {
      said += text.toString();
      const found = /http:\/\/(?:localhost|127\.0\.0\.1):(\d+)\/lab/.exec(said);
      if (found) resolve(`http://127.0.0.1:${found[1]}`);
    });
    server.on('close', () => reject(new Error(`JupyterLab ended: ${said}`)));
  });
  let count = 0;
  const load = async (browser: Browser, notebook: object, width = 1280): Promise<Page> => {
    const name = `notebook-${count++}.ipynb`;
    writeFileSync(join(folder, name), JSON.stringify(notebook));
    const page = await browser.newPage({viewport: {width, height: 1000}});
    await page.goto(`${url}/lab/workspaces/${name.replace(/\W/g, '')}/tree/${name}`);
    return page;
  };
  return {
    async work(browser, cells) {
      const page = await load(browser, codeNotebook(cells));
      await idle(page);
      return page;
    },
    async open(browser, notebook, width) {
      const page = await load(browser, notebook, width);
      const refuse = page.locator('.jp-Dialog button:has-text("No Kernel")');
      await refuse.waitFor({timeout: 60_000});
      await refuse.click();
      await page.locator('.jp-OutputArea-output').first().waitFor({timeout: 60_000});
      return page;
    },
    async stop() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

/** Waits until the kernel has nothing to do. */
export async function idle(page: Page): Promise<void> {
  await page.locator('.jp-Notebook-ExecutionIndicator[data-status=idle]').waitFor({timeout: 120_000});
}

/** Runs a cell that has not been run, by its place in the notebook. A page that is still loading drops keys, so they are pressed again. */
export async function runCell(page: Page, at: number): Promise<void> {
  const cell = page.locator('.jp-CodeCell').nth(at);
  const begun = cell.locator('.jp-InputPrompt', {hasText: /\[[*\d]/});
  for (let presses = 0; presses < 10 && (await begun.count()) === 0; presses++) {
    await cell.locator('.cm-content').click();
    await page.keyboard.press('Control+Enter');
    await begun.waitFor({timeout: 3000}).catch(() => undefined);
  }
}

function codeNotebook(sources: readonly string[]): object {
  const cells = sources.map((source, at) => ({
    ...{cell_type: 'code', id: `cell-${at}`, source, metadata: {}, execution_count: null, outputs: []},
  }));
  const kernelspec = {name: 'tslab', display_name: 'TypeScript', language: 'typescript'};
  return {cells, metadata: {kernelspec}, nbformat: 4, nbformat_minor: 5};
}

/** Returns a notebook with these bundles as outputs of one cell. */
export function notebookOf(bundles: readonly Readonly<Record<string, unknown>>[]): object {
  return {
    cells: [
      {
        cell_type: 'code',
        id: 'cell',
        source: 'show();',
        metadata: {},
        execution_count: 1,
        outputs: bundles.map((data) => ({output_type: 'display_data', data, metadata: {}})),
      },
    ],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  };
}
