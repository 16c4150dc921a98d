import {writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect} from 'chai';
import sharp from 'sharp';
import {CaptionerError, captionPanel, imageGrid, imageUri} from 'captioner';
import {temporaryFolder} from '../support';
import {htmlOf, inKernel, printed, textOf} from './kernel';

const pixels = {pixels: new Uint8Array(4 * 2 * 3).fill(200), width: 4, height: 2};

describe('imageUri', () => {
  it('converts files, encoded images and pixels to JPEG thumbnails', async () => {
    const png = await sharp({create: {width: 800, height: 400, channels: 4, background: '#0000'}})
      .png()
      .toBuffer();
    const uri = await imageUri(png, 100);
    const {width, height, format} = await sharp(Buffer.from(uri.split(',')[1]!, 'base64')).metadata();
    expect({width, height, format}).to.deep.equal({width: 100, height: 50, format: 'jpeg'});
    expect(await imageUri(pixels)).to.match(/^data:image\/jpeg;base64,/);
  });

  it('names a file that is not an image', async () => {
    const error = await imageUri(__filename).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(CaptionerError).with.property('code', 'image');
    expect((error as Error).message).to.include(__filename);
  });
});

describe('imageGrid', () => {
  it('shows captions, references, verdicts and notes, escaped, with alternative text', async () => {
    const caption = 'a "dog" <script>alert(1)</script>';
    const [sent] = await inKernel(() =>
      imageGrid([{image: pixels, caption, references: ['a <i>hound</i>'], correct: false, note: 'no dog'}], {
        title: 'Test & more',
      }),
    );
    const html = htmlOf(sent);
    expect(html)
      .to.include('Test &#38; more')
      .and.include('alt="a &#34;dog&#34; &#60;script')
      .and.include('no dog');
    expect(html).not.to.match(/<script|<i>hound/);
    expect(html).to.include('aria-label="wrong"');
    expect(textOf(sent)).to.equal(`Test & more\nimage: ✗ ${caption}\n    “a <i>hound</i>”\n    no dog`);
  });

  it('highlights new words', async () => {
    const [sent] = await inKernel(() =>
      imageGrid([{image: pixels, caption: 'a red ball', previous: 'a blue ball'}]),
    );
    expect(htmlOf(sent).match(/<mark[^>]*>([^<]*)<\/mark>/g)).to.have.length(1);
    expect(htmlOf(sent)).to.match(/<mark[^>]*>red<\/mark>/);
  });

  it("shows an image that can't be read as damaged, and the others as they are", async () => {
    const damaged = join(temporaryFolder(), 'broken.jpg');
    writeFileSync(damaged, 'no image');
    const missing = join(temporaryFolder(), 'missing.jpg');
    const [sent] = await inKernel(() =>
      imageGrid([
        {image: pixels, caption: 'whole'},
        {image: damaged, caption: 'a ball'},
        {image: missing},
        {image: Buffer.from('nothing')},
      ]),
    );
    const html = htmlOf(sent);
    expect(html.match(/<img/g)).to.have.length(4);
    expect(html.match(/alt="damaged image"/g)).to.have.length(3);
    expect(html.match(/src="data:image\/jpeg/g)).to.have.length(1);
    expect(html).to.match(/damaged:<\/b>\s*broken\.jpg: expected JPEG/);
    // Whoever gets the notebook need not know where its author keeps the images.
    expect(html).to.not.include(dirname(damaged)).and.not.include(dirname(missing));
    expect(textOf(sent)).to.match(/broken\.jpg: a ball\n {4}damaged: broken\.jpg: expected JPEG/);
  });

  it('folds references away, all but one below a caption', async () => {
    const references = ['one', 'two', 'three', 'four', 'five', 'six'];
    const [captioned, bare, closed] = await inKernel(async () => {
      await imageGrid([{image: pixels, caption: 'a', references}]);
      await imageGrid([{image: pixels, references}]);
      await imageGrid([{image: pixels, caption: 'a', references: ['one']}], {openReferences: 0});
    });
    const folded = (sent: typeof captioned): string[] =>
      [
        ...htmlOf(sent)
          .split('<details')[1]!
          .matchAll(/“([^”]*)”/g),
      ].map(([, text]) => text!);
    expect(folded(captioned)).to.deep.equal(references.slice(1));
    expect(htmlOf(captioned)).to.match(/<summary[^>]*>5 more</);
    expect(folded(bare)).to.deep.equal(['six']);
    expect(htmlOf(closed)).to.match(/<summary[^>]*>1 reference</);
    expect(textOf(captioned)).to.include('“six”');
  });

  it('chooses a number of columns that leaves no hole', async () => {
    const sent = await inKernel(async () => {
      for (const count of [1, 4, 6, 8, 9, 10, 12])
        await imageGrid(Array.from({length: count}, () => ({image: pixels})));
    });
    const widths = sent.map((one) => Number(/minmax\(min\((\d+)px/.exec(htmlOf(one))![1]));
    const columns = widths.map((width) => Math.floor((860 + 16) / (width + 16)));
    expect(columns).to.deep.equal([4, 4, 3, 4, 3, 5, 4]);
  });

  it('prints captions in a terminal', async () => {
    expect(await printed(() => imageGrid([{image: pixels, caption: 'a ball'}]))).to.equal('image: a ball\n');
  });
});

describe('captionPanel', () => {
  it('updates captions in place, followed by earlier ones', async () => {
    const sent = await inKernel(async () => {
      const panel = captionPanel();
      for (const [epoch, caption] of ['', 'a a', 'a ball', 'a red ball', 'a big red ball'].entries())
        await panel.show([{image: pixels, caption}], `epoch ${epoch}`);
    });
    expect(sent.map(({update}) => update)).to.deep.equal([false, true, true, true, true]);
    const last = htmlOf(sent.at(-1));
    expect(last).to.include('Captions, epoch 4').and.include('1 earlier');
    expect(last).to.match(/<mark[^>]*>big<\/mark>/);
    expect(last.indexOf('a red ball')).to.be.lessThan(last.indexOf('a ball'));
    expect(textOf(sent.at(-1))).to.include('a big red ball (before: a red ball)');
  });
});
