import {requiredColumns} from 'captioner/dist/datasets/formats/fields';
import {type Dataset, openDataset} from 'captioner';
import {expect} from 'chai';
import {lay, imageFiles} from '../lay';

const open = (file: string, text: string): Promise<Dataset> =>
  openDataset(lay({[file]: text, ...imageFiles(['a.jpg', 'b.jpg', 'c.jpg'])}));
const captionsOf = ({images}: Dataset): [string, ...string[]][] =>
  images.map(({id, captions}) => [id, ...captions]);
const reasons = ({rejected}: Dataset): [number, string][] => rejected.map(({line, reason}) => [line, reason]);

describe('jsonLines', () => {
  const good = Array.from({length: 1000}, (_, k) => JSON.stringify({image: 'c.jpg', caption: `Dog ${k} .`}));

  it('reads one or several captions and a split', async () => {
    const lines = [
      {file_name: 'a.jpg', text: 'A dog , "wet" .', split: 'dev'},
      {Caption: ['A cat .', 'A black cat .'], IMAGE: 'b.jpg', split: null},
      {image: 'c.jpg', caption: 'A cow .', constructor: 1},
    ].map((line) => JSON.stringify(line));
    const dataset = await open('metadata.jsonl', [...lines, '{"image": "c.jpg", "caption": "Hi", "__proto__": 1}', ''].join('\n')); // prettier-ignore
    expect(captionsOf(dataset)).to.deep.equal([
      ['a.jpg', 'A dog , "wet" .'],
      ['b.jpg', 'A cat .', 'A black cat .'],
      ['c.jpg', 'A cow .', 'Hi'],
    ]);
    expect(dataset.images[0]!.split).to.equal('validation');
  });

  it('rejects bad lines one by one', async () => {
    const bad = ['{"image": "a.jpg"', '[1]', '', '{"image": 3, "caption": "A"}', '{"image": "a.jpg", "caption": [1]}', '{"image": "a.jpg", "caption": []}', '{"image": "a.jpg"}', '{"image": "a.jpg", "caption": "A", "split": 1}', '{"image": "a.jpg", "caption": ["A", " "]}']; // prettier-ignore
    const dataset = await open('a.jsonl', [good[0], ...bad, ...good].join('\n'));
    expect(reasons(dataset)).to.deep.equal([
      [2, 'expected a JSON object, got "{\\"image\\": \\"a.jpg\\""'],
      [3, 'expected a JSON object, got "[1]"'],
      [5, 'expected the image to be a string, got number'],
      [6, 'expected the caption to be a string or an array of strings'],
      [7, 'expected the caption to be a string or an array of strings'],
      [8, `expected ${requiredColumns}, found "image"`],
      [9, 'expected the split to be a string, got number'],
      [10, 'the caption is empty'],
    ]);
    expect(dataset.images.find(({id}) => id === 'a.jpg')!.captions).to.deep.equal(['A']);
  });
});

describe('jsonObject', () => {
  it('reads captions under the names of images', async () => {
    const value = {
      'a.jpg': ['A dog .', 'A wet dog .'],
      'b.jpg': 'A cat .',
      'c.jpg': {captions: ['A cow .'], split: 'val', weather: 'x'},
    };
    const dataset = await open('captions.json', JSON.stringify(value));
    expect(captionsOf(dataset)).to.deep.equal([
      ['a.jpg', 'A dog .', 'A wet dog .'],
      ['b.jpg', 'A cat .'],
      ['c.jpg', 'A cow .'],
    ]);
    expect(dataset.images[2]!.split).to.equal('validation');
    expect(dataset.unread).to.deep.equal(['weather']);
  });

  it('rejects bad captions one by one, and reads a name that is there twice', async () => {
    const good = Array.from({length: 300}, (_, k) => `"c.jpg": "Cow ${k} ."`).join(', ');
    const dataset = await open(
      'a.json',
      `{"a.jpg": "A dog .", ${good}, "b.jpg": 3, "a.jpg": ["A cat .", " "]}`,
    );
    expect(captionsOf(dataset)[0]).to.deep.equal(['a.jpg', 'A dog .', 'A cat .']);
    expect(dataset.images[1]!.captions).to.have.length(300);
    expect(reasons(dataset)).to.deep.equal([
      [302, 'expected the caption to be a string or an array of strings'],
      [303, 'the caption is empty'],
    ]);
  });
});
