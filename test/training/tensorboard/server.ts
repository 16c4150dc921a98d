/** TensorBoard itself, started on a folder. */
import {spawn} from 'node:child_process';
import {python} from '../../support';

export interface TensorBoard {
  /** Where its page is. */
  readonly url: string;
  /** Answer of its API, as JSON. */
  get<T>(path: string, query?: Readonly<Record<string, string>>, body?: object): Promise<T>;
  getBytes(path: string, query: Readonly<Record<string, string>>): Promise<Buffer>;
  stop(): Promise<void>;
}

export async function startTensorBoard(folder: string): Promise<TensorBoard> {
  const args = [
    '-m',
    'tensorboard.main',
    '--logdir',
    folder,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--reload_interval',
    '1',
  ];
  const child = spawn(python(), args, {stdio: ['ignore', 'ignore', 'pipe']});
  const ended = new Promise<void>((done) => child.on('close', () => done()));
  const url = await new Promise<string>((found, failed) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [address] = /http:\/\/127\.0\.0\.1:\d+\//.exec(said) ?? [];
      if (address) found(address);
    });
    void ended.then(() => failed(new Error(said)));
  });
  const request = async (
    path: string,
    query: Readonly<Record<string, string>>,
    body?: object,
  ): Promise<Response> => {
    const address = `${url}data/plugin/${path}?${new URLSearchParams(query).toString()}`;
    const response = await fetch(address, body ? {method: 'POST', body: JSON.stringify(body)} : {});
    if (!response.ok) throw new Error(`${address}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    url,
    get: async <T>(path: string, query = {}, body?: object) =>
      (await (await request(path, query, body)).json()) as T,
    getBytes: async (path, query) => Buffer.from(await (await request(path, query)).arrayBuffer()),
    async stop() {
      child.kill();
      await ended;
    },
  };
}
