import {inspect} from 'node:util';
import {expect} from 'chai';
import {fingerprint, ofSplit, type CaptionedImage} from 'captioner';
import {captionsOf, countCaptions, keepImages, listImages} from 'captioner/dist/datasets/image-list';
import {ImageTable} from 'captioner/dist/datasets/image-table';
import {splits} from 'captioner/dist/datasets/dataset';

/** A table of nine images, of which those in `rows` are listed. */
const table = new ImageTable();
const rows = Int32Array.of(0, 1, 2, 4, 5, 7, 8);
for (let at = 0; at < 9; at++) {
  const row = table.add(
    `${at}.jpg`,
    at === 6 ? undefined : at === 7 ? '/elsewhere/x.jpg' : `/images/${at}.jpg`,
  );
  table.setSplit(row, splits[at % 3]!);
  if (at > 3) table.setNumber(row, 1000 + at);
  for (let caption = 0; caption <= at % 4; caption++) table.addCaption(row, `Caption ${caption} of ${at}.`);
}
/** The same images as objects and in columns. */
const [held, lazy] = [Infinity, 0].map((most) => listImages(table, rows, most)) as [
  CaptionedImage[],
  CaptionedImage[],
];

describe('A list of images in columns', () => {
  it('has the same images as an array of objects', () => {
    expect(held[3]).to.deep.equal({
      id: '4.jpg',
      file: '/images/4.jpg',
      split: 'validation',
      captions: ['Caption 0 of 4.'],
      number: 1004,
    });
    expect(held[5]!.file).to.equal('/elsewhere/x.jpg');
    expect(lazy).to.deep.equal(held);
    expect(JSON.stringify(lazy)).to.equal(JSON.stringify(held));
    expect(lazy.map((image) => ({...image}))).to.deep.equal(held);
  });

  it('is an array to its users', () => {
    expect(Array.isArray(lazy)).to.equal(true);
    expect(lazy).to.have.length(rows.length);
    expect(lazy[rows.length]).to.equal(undefined);
    expect(lazy.at(-1)).to.deep.equal(held.at(-1));
    expect([...lazy.slice(1, 3)]).to.deep.equal(held.slice(1, 3));
    expect(lazy.filter(({captions}) => captions.length > 2)).to.deep.equal(
      held.filter(({captions}) => captions.length > 2),
    );
    expect(lazy.flatMap(({captions}) => captions)).to.deep.equal(held.flatMap(({captions}) => captions));
    expect(inspect(lazy)).to.contain('Caption 0 of 0.');
  });

  it('refuses to be changed', () => {
    expect(() => lazy.push(held[0]!)).to.throw(TypeError);
    expect(() => (lazy[0] = held[1]!)).to.throw(TypeError);
    expect(() => lazy.sort()).to.throw(TypeError);
    expect(lazy).to.deep.equal(held);
  });

  it('is divided by split and by a test as an array is', () => {
    for (const split of splits)
      expect(ofSplit({images: lazy}, split)).to.deep.equal(ofSplit({images: held}, split));
    const test = ({id}: CaptionedImage): boolean => id > '4';
    expect(keepImages(lazy, test)).to.deep.equal(keepImages(held, test));
    expect(countCaptions(keepImages(lazy, test))).to.equal(countCaptions(keepImages(held, test)));
    expect([...captionsOf(lazy)]).to.deep.equal([...captionsOf(held)]);
    expect(captionsOf(lazy).length).to.equal([...captionsOf(held)].length);
    expect(fingerprint({images: lazy})).to.equal(fingerprint({images: held}));
  });
});
