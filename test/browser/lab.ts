/** Starts JupyterLab without a kernel, with settings of its own, and opens notebooks in it. */
import {spawn} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Browser, Page} from 'playwright-core';
import {python, temporaryFolder} from '../support';

export interface Lab {
  /** Opens a notebook, as one that somebody else made: it is not trusted. */
  readonly open: (browser: Browser, notebook: object, width?: number) => Promise<Page>;
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
  return {
    async open(browser, notebook, width = 1280) {
      const name = `notebook-${count++}.ipynb`;
      writeFileSync(join(folder, name), JSON.stringify(notebook));
      const page = await browser.newPage({viewport: {width, height: 1000}});
      await page.goto(`${url}/lab/workspaces/${name.replace(/\W/g, '')}/tree/${name}`);
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
