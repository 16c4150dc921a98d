import {Captioner, CaptionerError, drawScenes, explain, methodNames, ofSplit, openDataset} from 'captioner';
import {captionTokens, chooseWords} from 'captioner/dist/explain/chosen-words';
import {tf, Vocabulary} from 'captioner';
import {CaptionModel} from 'captioner/dist/explain/caption-model';
import {decodePixels, readImageBytes} from 'captioner/dist/encoders/images';
import {expect} from 'chai';
import {join} from 'node:path';
import {projectRoot, refusal, temporaryFolder} from '../support';

describe('explain', () => {
  let captioner: Captioner;
  let image: string;
  before(async () => {
    captioner = await Captioner.load(join(projectRoot, 'checkpoints', 'flickr8k'), {size: 96, views: 2});
    const folder = temporaryFolder();
    await drawScenes(folder, {train: 1, validation: 0, test: 0});
    image = ofSplit(await openDataset(folder), 'train')[0]!.file;
  });
  after(() => captioner.dispose());

  it("explains the words of the captioner's own caption", async () => {
    const [captioned] = await captioner.caption([image]);
    const why = await explain(captioner, image, {method: 'saliency'});
    expect(why.caption).to.equal((captioned as {caption: string}).caption);
    expect(why.words.map(({word}) => word)).to.deep.equal(why.captionWords);
    const words = why.words.length;
    expect(why.image.shape).to.deep.equal([words, 96, 96]);
    expect(why.image.values).to.have.length(words * 96 * 96);
    expect(why.previousWords!.shape).to.deep.equal([words, words]);
    for (const [at, {probability, rivals}] of why.words.entries()) {
      expect(probability).to.be.within(0, 1);
      expect(rivals[0]!.probability).to.be.at.least(probability);
      // The first word has no word before it, and no word influences one before it.
      const row = why.previousWords!.values.slice(at * words, (at + 1) * words);
      expect(row.slice(at).every((value) => value === 0)).to.equal(true);
    }
    expect(why.cost.backwardPasses).to.equal(words);
    expect(why.delta).to.equal(undefined);
  });

  it('explains chosen words of a caption that one writes', async () => {
    const caption = 'a brown dog on the grass';
    const why = await explain(captioner, image, {caption, words: ['dog', 5], method: 'grad-cam'});
    expect(why.words.map(({word, position}) => [word, position])).to.deep.equal([['dog', 2], ['grass', 5]]); // prettier-ignore
    expect(why.image.shape).to.deep.equal([2, 3, 3]);
  });

  for (const method of [
    'saliency',
    'deep-lift',
    'lrp',
    'grad-cam',
    'attention-x-gradient',
    'occlusion',
  ] as const)
    it(`explains a caption of one word by ${method}, as in a longer caption`, async () => {
      const alone = await explain(captioner, image, {caption: 'dog', method});
      const first = await explain(captioner, image, {caption: 'dog on grass', words: [0], method});
      expect(alone.words.map(({word}) => word)).to.deep.equal(['dog']);
      const scale = Math.max(...first.image.values.map(Math.abs));
      const differences = alone.image.values.map((value, at) => Math.abs(value - first.image.values[at]!));
      expect(scale).to.be.greaterThan(0);
      expect(Math.max(...differences) / scale).to.be.below(1e-3);
    });

  it('explains a word in contrast to another: the other way round, the values have the other sign', async () => {
    const of = async (word: string, against: string): Promise<Float32Array> => {
      const target = {word, against};
      const why = await explain(captioner, image, {
        caption: `a ${word} on the grass`,
        target,
        method: 'input-x-gradient',
      });
      expect(why.words[0]!.against).to.equal(against);
      return why.image.values;
    };
    const [one, other] = [await of('dog', 'cat'), await of('cat', 'dog')];
    expect(Math.max(...one.map((value, at) => Math.abs(value + other[at]!)))).to.be.below(
      1e-4 * Math.max(...one.map(Math.abs)),
    );
  });

  it('leaves out earlier words one by one where a method hides parts of the image', async () => {
    const caption = 'a brown dog on the grass';
    const why = await explain(captioner, image, {caption, words: ['dog', 'grass'], method: 'feature-ablation', cells: 1}); // prettier-ignore
    const {values, shape} = why.previousWords!;
    expect(shape).to.deep.equal([2, 6]);
    // The reference writes the embeddings word by word: the decoder reads the start id and all words but the last.
    const {encoder, decoder, vocabulary} = captioner;
    const pixels = await decodePixels(await readImageBytes(image), 'image', encoder.preprocessing);
    const tokens = captionTokens(caption, vocabulary);
    const model = new CaptionModel(
      {encoder, decoder},
      {pixels, caption: tokens, positions: [2, 5], batch: 8},
    );
    const read = await model.embeddings.array();
    const score = (without?: number): Float32Array => {
      const rows = read[0]!.map((row, at) => (at - 1 === without ? row.map(() => 0) : row));
      return tf.tidy(() => model.scoresAtOnce(model.pixels, tf.tensor3d([rows]))).slice();
    };
    const whole = score();
    for (const word of [0, 1, 2, 3, 4, 5])
      for (const [at, position] of [2, 5].entries()) {
        const expected = word < position ? whole[at]! - score(word)[at]! : 0;
        expect(values[at * 6 + word], `${word} for ${position}`).to.be.closeTo(expected, 1e-4);
      }
    model.dispose();
  });

  it('says what is wrong with options', async () => {
    const say = async (options: object): Promise<string> => {
      const {code, message} = await refusal(explain(captioner, image, options));
      expect(code).to.equal('options');
      return message;
    };
    expect(await say({method: 'salience'})).to.contain('Unknown method "salience"; did you mean "saliency"?');
    expect(await say({method: 'saliency', absolut: true})).to.contain('did you mean `absolute`?');
    expect(await say({method: 'saliency', steps: 5})).to.contain(
      'one of the integrated-gradients method options',
    );
    expect(await say({method: 'integrated-gradients', steps: 0})).to.contain(
      '`steps`: expected an integer from 1 to 10000, got 0',
    );
    expect(await say({batch: 0})).to.contain('`batch`');
    expect(await say({caption: 'a brown dgo'})).to.contain(
      'doesn\'t know the word "dgo"; did you mean "dog"?',
    );
    expect(await say({caption: 'a dog', words: ['cat']})).to.contain('expected words of "a dog", got "cat"');
    expect(await say({method: 'grad-cam', block: 'heda'})).to.contain('did you mean "head"?');
  });

  it('rejects an image that cannot be read', async () => {
    expect((await refusal(explain(captioner, 'nowhere.jpg'))).code).to.equal('not-found');
    expect((await refusal(explain(captioner, 5 as unknown as string))).code).to.equal('options');
  });
});

describe('chosen words', () => {
  const vocabulary = Vocabulary.from(['a dog and a cat'], {minimumCount: 1});
  const caption = captionTokens('A dog and a cat', vocabulary);
  const choose = (selection: object): unknown => chooseWords(caption, selection, vocabulary);

  it('are all, every occurrence of a word, or positions', () => {
    expect(choose({})).to.deep.equal({positions: [0, 1, 2, 3, 4]});
    expect(choose({words: ['Cat', 'a', 0]})).to.deep.equal({positions: [0, 3, 4]});
    expect(choose({target: {word: 'cat', against: 'dog'}})).to.deep.equal({
      positions: [4],
      against: vocabulary.id('dog'),
    });
  });

  it('are refused where they are not in the caption', () => {
    expect(() => choose({words: ['cats']})).to.throw(CaptionerError, 'got "cats"; did you mean "cat"?');
    expect(() => choose({words: [5]})).to.throw(CaptionerError, 'a position from 0 to 4');
    expect(() => choose({words: []})).to.throw(CaptionerError, 'at least one word');
    expect(() => choose({target: {word: 'a', against: 'dog'}})).to.throw(CaptionerError, 'at 0 and 3');
    expect(() => choose({target: {word: 'dog', against: 'dog'}})).to.throw(
      CaptionerError,
      'two different words',
    );
    expect(() => choose({target: {word: 'dog', against: 'horse'}})).to.throw(CaptionerError, '"horse"');
    expect(() => choose({words: ['dog'], target: {word: 'dog', against: 'cat'}})).to.throw(
      CaptionerError,
      'got both',
    );
    expect(() => captionTokens('', vocabulary)).to.throw(CaptionerError, 'at least one word');
  });
});

describe('method names', () => {
  it('are each used once', () => expect(new Set(methodNames).size).to.equal(methodNames.length));
});
