import {expect} from 'chai';
import {metricTokens, ptbTokenize, tokenize} from 'captioner';
import {cleanText} from 'captioner/dist/text/tokenizer';
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {flickr8k} from '../support';

describe('tokenize', () => {
  const cases: [string, string][] = [
    ['A child in a pink dress .', 'a child in a pink dress'],
    ["A dog's ball — it's red!", "a dog 's ball it 's red"],
    ["They don't, won't and can’t.", "they do n't wo n't and ca n't"],
    ['a black-and-white T-shirt', 'a black-and-white t-shirt'],
    ['number 3.5 at 10:30, and 1,000 people', 'number 3.5 at 10:30 and 1,000 people'],
    ['"quoted" (words) [here]; and/or', 'quoted words here and or'],
    ['Café ÉCLAIR naïve', 'café éclair naïve'],
    ['CAFE\u0301', 'café'],
    ['', ''],
    [' . , ! ', ''],
    ['__proto__ constructor', 'proto constructor'],
    ['犬が走る。', '犬 が 走る'],
    ['男人穿T恤，牵着3只狗！', '男人 穿 t 恤 牵 着 3 只 狗'],
    ['ແມວນອນ', 'ແມວ ນອນ'],
    ['ផ្លូវ\u200bមួយ', 'ផ្លូវ មួយ'],
    ['मुलगी पाण्यात उडी मारते.', 'मुलगी पाण्यात उडी मारते'],
    ['ఒక కుక్క పరుగెత్తుతోంది', 'ఒక కుక్క పరుగెత్తుతోంది'],
    ['അവന്\u200d ഓടുന്നു', 'അവന്\u200d ഓടുന്നു'],
    ['ශ්\u200dරී ලංකා', 'ශ්\u200dරී ලංකා'],
    ['کتاب‌خانه‌ای بزرگ\u200c', 'کتاب‌خانه‌ای بزرگ'],
    ['יֶלֶד קוֹפֵץ לַמַּיִם, צה״ל', 'יֶלֶד קוֹפֵץ לַמַּיִם צה״ל'],
    ['İZMİR’de IŞIK', "izmir'de işik"],
    ['ọmọkùnrin ń fò sínú omi, ọ̀bọ', 'ọmọkùnrin ń fò sínú omi ọ̀bọ'],
    ['Con chó chạy trên cỏ'.normalize('NFD'), 'con chó chạy trên cỏ'],
    ['do\u200dg 👨\u200d👩\u200d👧 runs ❤️\u200d🔥 ℹ️', 'dog runs ℹ'],
  ];
  for (const [caption, words] of cases)
    it(`splits ${JSON.stringify(caption)}`, () => expect(tokenize(caption).join(' ')).to.equal(words));

  it('is idempotent', () => {
    for (const [caption] of cases) {
      const once = tokenize(caption).filter((word) => !word.includes("'"));
      expect(tokenize(once.join(' '))).to.deep.equal(once);
    }
  });
});

describe('the captions of Flickr8k', () => {
  it('have the words that earlier checkpoints were trained on, and the tokens of PTBTokenizer', function () {
    const folder = flickr8k();
    if (folder === undefined) this.skip();
    const lines = readFileSync(join(folder, 'captions.txt'), 'utf8').trim().split('\n').slice(1);
    const captions = lines.map((line) => line.slice(line.indexOf(',') + 1));
    const hash = createHash('sha256');
    for (const caption of captions) hash.update(`${tokenize(caption).join(' ')}\n`);
    expect(captions.length).to.equal(35_000);
    expect(hash.digest('hex')).to.equal('d62fd293a35125f4fe9a85e6a8ffea3aee1bbe87d9c7eb5e4b320ccbf8b8044a');
    expect(captions.map(metricTokens)).to.deep.equal(captions.map(ptbTokenize));
  });
});

describe('metricTokens', () => {
  it('keeps the tokens of the COCO evaluation for Latin scripts', () => {
    for (const caption of [
      "A dog can't reach the “ball”.",
      'un niño corre — 3 1/2 km',
      'a sign says Привет •',
    ])
      expect(metricTokens(caption)).to.deep.equal(ptbTokenize(caption));
  });

  it('gives captions in other scripts the words of the vocabulary, without their punctuation', () => {
    const cases = [
      ['बच्चा पानी में कूदता है।', 'बच्चा पानी में कूदता है'],
      ['「猫」が寝ている。', '猫 が 寝 て いる'],
      ['هل يركض الولد؟', 'هل يركض الولد'],
      ['𞤀𞤣𞤤𞤢𞤥 𞤆𞤵𞤤𞤢𞤪', '𞤢𞤣𞤤𞤢𞤥 𞤨𞤵𞤤𞤢𞤪'],
    ];
    for (const [caption, words] of cases) {
      expect(metricTokens(caption!).join(' ')).to.equal(words);
      expect(tokenize(caption!).join(' ')).to.equal(words);
    }
  });

  it('gives the same tokens for composed and decomposed letters, and for a Turkish capital İ', () => {
    expect(metricTokens('Tiếng Việt'.normalize('NFD'))).to.deep.equal(['tiếng', 'việt']);
    expect(metricTokens('İki kedi')).to.deep.equal(['iki', 'kedi']);
  });
});

describe('cleanText', () => {
  it('removes control and bidirectional characters and joins white space', () => {
    expect(cleanText('a\u202E dog\u0000\t\n runs\u200B ')).to.equal('a dog runs');
  });

  it('truncates long text', () => {
    expect(cleanText('a'.repeat(10_000))).to.have.length(2000);
  });
});
