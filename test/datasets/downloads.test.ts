import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {basename, join} from 'node:path';
import {expect} from 'chai';
import {type CaptionerError, ofSplit, openDataset} from 'captioner';
import {downloads, type RemoteFile} from 'captioner/dist/datasets/downloads/catalog';
import {fetchDownload} from 'captioner/dist/datasets/downloads/fetch';
import {sha256} from 'captioner/dist/files/atomic';
import {temporaryFolder} from '../support';
import {zip} from '../files/zip';

const quick = {insecure: true, pause: 1};

/** Flickr8k's archives as published, with three images. */
const archives = {
  'Flickr8k_text.zip': zip([
    {name: 'Flickr8k.token.txt', content: ['1', '2', '3'].map((id) => `${id}.jpg#0\ta dog .\n`).join('')},
    {name: 'Flickr_8k.trainImages.txt', content: '1.jpg\n'},
    {name: 'Flickr_8k.devImages.txt', content: '2.jpg\n'},
    {name: 'Flickr_8k.testImages.txt', content: '3.jpg\n'},
    {name: '__MACOSX/._Flickr8k.token.txt', content: 'Finder'},
  ]),
  'Flickr8k_Dataset.zip': zip([
    {name: 'Flicker8k_Dataset/', mode: 0o040755},
    ...['1', '2', '3'].map((id) => ({name: `Flicker8k_Dataset/${id}.jpg`, content: `photograph ${id}`})),
    {name: 'Flicker8k_Dataset/.DS_Store', content: 'Finder'},
    {name: '__MACOSX/Flicker8k_Dataset/._1.jpg', content: 'Finder'},
  ]),
};

describe('fetchDownload', () => {
  let server: Server;
  let served: Record<string, Buffer>;
  let requests: string[];
  let base: string;
  let folder: string;

  beforeEach(async () => {
    [served, requests, folder] = [{...archives}, [], join(temporaryFolder(), 'new', 'folder')];
    server = createServer((request, response) => {
      const name = basename(request.url!);
      requests.push(name);
      response.end(served[name]);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');
  const flickr8k = (): RemoteFile[] =>
    downloads.flickr8k.files.map((file) => {
      const name = basename(file.address) as keyof typeof archives;
      return {...file, address: `${base}/${name}`, md5: md5(archives[name])};
    });

  async function failure(files: readonly RemoteFile[]): Promise<CaptionerError> {
    return fetchDownload({files}, folder, quick).then(
      () => expect.fail('expected an error'),
      (error: CaptionerError) => error,
    );
  }

  it('makes a data set without archives and metadata and does not fetch it twice', async () => {
    const told = new Set<string>();
    await fetchDownload({files: flickr8k()}, folder, {
      ...quick,
      onProgress: (work, file) => told.add(`${work} ${file}`),
    });
    const dataset = await openDataset(folder);
    expect(
      (['train', 'validation', 'test'] as const).map((split) => ofSplit(dataset, split)[0]!.id),
    ).to.deep.equal(['1.jpg', '2.jpg', '3.jpg']);
    expect(readdirSync(join(folder, 'Flicker8k_Dataset'))).to.deep.equal(['1.jpg', '2.jpg', '3.jpg']);
    expect(readdirSync(folder).sort()).to.deep.equal([
      'Flicker8k_Dataset',
      'Flickr8k.token.txt',
      'Flickr_8k.devImages.txt',
      'Flickr_8k.testImages.txt',
      'Flickr_8k.trainImages.txt',
      'downloads.json',
    ]);
    expect(told.size).to.equal(4);
    await fetchDownload({files: flickr8k()}, folder, quick);
    expect(requests).to.deep.equal(['Flickr8k_text.zip', 'Flickr8k_Dataset.zip']);
    rmSync(join(folder, 'Flicker8k_Dataset'), {recursive: true});
    await fetchDownload({files: flickr8k()}, folder, quick);
    expect(requests.slice(2)).to.deep.equal(['Flickr8k_Dataset.zip']);
    expect(existsSync(join(folder, 'Flicker8k_Dataset', '1.jpg'))).to.equal(true);
  });

  it('requires the recorded checksum if none is published', async () => {
    const files = [{address: `${base}/weights.h5`}];
    served['weights.h5'] = Buffer.from('weights');
    for (let time = 0; time < 2; time++) await fetchDownload({files}, folder, quick);
    expect(requests.length).to.equal(1);
    const records = JSON.parse(readFileSync(join(folder, 'downloads.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(records['weights.h5']).to.include({size: 7, sha256: sha256('weights')});
    rmSync(join(folder, 'weights.h5'));
    served['weights.h5'] = Buffer.from('changed');
    const {code, message} = await failure(files);
    expect(code).to.equal('checksum');
    expect(message).to.match(
      /expected SHA-256 \w+, got .*; remove .*downloads.json if the publisher has changed/,
    );
    expect(readdirSync(folder)).to.deep.equal(['downloads.json']);
  });

  it('leaves nothing half-unpacked if an archive is refused or has no useful files', async () => {
    await failure([{address: `${base}/Flickr8k_text.zip`, sha256: sha256('another')}]);
    expect(existsSync(folder)).to.equal(false);
    const files = flickr8k().map(({md5: _, ...file}) => file);
    served['Flickr8k_text.zip'] = zip([{name: 'a', content: 'fine'}, {name: '../b'}]);
    expect((await failure(files)).code).to.equal('archive');
    expect(readdirSync(folder)).to.deep.equal(['Flickr8k_text.zip']);
    served['Flickr8k_text.zip'] = zip([{name: '__MACOSX/a'}]);
    expect((await failure(files)).message).to.match(/expected files of the dataset, found none$/);
  });

  it('refuses a file in place of the folder and an unreadable record', async () => {
    const files = flickr8k();
    await fetchDownload({files}, folder, quick);
    for (const damaged of ['', 'null', '[1]', '{"a": {}}', '{"a": null}']) {
      writeFileSync(join(folder, 'downloads.json'), damaged);
      const {code, message} = await failure(files);
      expect([code, message]).to.deep.equal([
        'header',
        `${join(folder, 'downloads.json')}: expected the SHA-256 of each fetched file; remove this file to fetch them again`,
      ]);
    }
    folder = join(folder, 'downloads.json');
    expect(await failure(files)).to.include({
      code: 'options',
      message: `${folder}: expected a folder, found a file`,
    });
  });

  it('has https addresses, unique file names and stated licences', () => {
    const all = Object.values(downloads);
    const addresses = all.flatMap(({files}) => files.map(({address}) => address));
    expect(addresses.filter((address) => !address.startsWith('https://'))).to.deep.equal([]);
    expect(new Set(addresses).size).to.equal(addresses.length);
    for (const {files, byHand, licence, citation, title} of all) {
      expect(files.length > 0).to.equal(byHand === undefined);
      expect([licence, citation, title]).not.to.include('');
      for (const {sha256: sum = '0'.repeat(64), md5: other = '0'.repeat(32)} of files)
        expect([sum, other].join(' ')).to.match(/^[0-9a-f]{64} [0-9a-f]{32}$/);
    }
  });

  it('keeps only the captions and images of COCO', () => {
    const [annotations, photographs] = downloads.coco2014.files;
    const unpacked = ['captions_val2014', 'instances_val2014', 'person_keypoints_val2014'].map((name) =>
      annotations!.unpack!(`annotations/${name}.json`),
    );
    expect(unpacked).to.deep.equal(['annotations/captions_val2014.json', undefined, undefined]);
    expect(photographs!.unpack!('val2014/1.jpg')).to.equal('val2014/1.jpg');
  });
});
