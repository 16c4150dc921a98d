import {join} from 'node:path';
import {openDataset} from 'captioner';
import {expect} from 'chai';
import {lay, imageFiles} from '../lay';

const token = 'a.jpg#0\tA dog .\nb.jpg#0\tA cat .\nc.jpg#0\tA cow .\nd.jpg#0\tA hen .\n';
const splits = {
  'Flickr_8k.trainImages.txt': 'a.jpg\n',
  'Flickr_8k.devImages.txt': 'b.jpg\n',
  'Flickr_8k.testImages.txt': 'c.jpg\n',
};
const inside = (folder: string, files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${folder}/${name}`, content]));

describe('The archive of Flickr8k', () => {
  const names = ['a.jpg', 'b.jpg', 'c.jpg'];
  const texts = {'Flickr8k.token.txt': token, ...splits};
  const unpacked = [
    ['its text files beside the images', texts, 'Flicker8k_Dataset'],
    ['its text files in a folder', inside('Flickr8k_text', texts), 'Flicker8k_Dataset'],
    ['folders in folders', inside('Flickr8k_text', texts), 'Flickr8k_Dataset/Flicker8k_Dataset'],
    ['a folder in its like', texts, 'Flicker8k_Dataset/Flicker8k_Dataset'],
  ] as const;
  for (const [how, files, images] of unpacked)
    it(`is read with ${how}`, async () => {
      const folder = lay({...files, ...imageFiles(names, images)});
      const dataset = await openDataset(folder);
      expect(dataset.layout).to.equal('flickr8k');
      expect(dataset.images.map(({file, split}) => [file, split])).to.deep.equal([
        [join(folder, images, 'a.jpg'), 'train'],
        [join(folder, images, 'b.jpg'), 'validation'],
        [join(folder, images, 'c.jpg'), 'test'],
      ]);
      expect([dataset.rejected, dataset.missing, dataset.unreferenced]).to.deep.equal([[], [], []]);
    });

  it('reports a caption for a file that does not exist as missing', async () => {
    const odd = '2258277193_586949ec62.jpg.1';
    const files = {'Flickr8k.token.txt': `a.jpg#0\tA dog .\n${odd}#0\tPeople .\n${odd}#1\tMen .\n`};
    const dataset = await openDataset(lay({...files, ...imageFiles(['a.jpg', '2258277193_586949ec62.jpg'])}));
    expect(dataset.images.map(({id}) => id)).to.deep.equal(['a.jpg']);
    expect([dataset.missing, dataset.rejected]).to.deep.equal([[odd], []]);
    expect(dataset.unreferenced).to.deep.equal(['Images/2258277193_586949ec62.jpg']);
  });

  it('distinguishes images without a split from images without captions', async () => {
    const dataset = await openDataset(
      lay({...texts, ...imageFiles([...names, 'd.jpg', 'e.png']), 'Images/Thumbs.db': ''}),
    );
    expect(dataset.unassigned).to.deep.equal(['d.jpg']);
    expect(dataset.unreferenced).to.deep.equal(['Images/e.png']);
  });
});
