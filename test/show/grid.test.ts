import {expect} from 'chai';
import sharp from 'sharp';
import {CaptionerError, captionPanel, imageGrid, imageUri} from 'captioner';
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
