import {
  createDecoder,
  type Dataset,
  FeatureStore,
  ofSplit,
  Scorer,
  tokenize,
  Trainer,
  Vocabulary,
} from 'captioner';
import {searchCaptions} from 'captioner/dist/evaluation/evaluate';
import {totals} from 'captioner/dist/metrics/scorer';
import {expect} from 'chai';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import sharp from 'sharp';
import {temporaryFolder} from '../support';
import {toyEncoder} from './toy';

/** The parts of 40 sentences in each language: eight beings and five things that they do. */
const languages: Readonly<
  Record<string, {who: readonly string[]; what: readonly string[]; join: string; end: string}>
> = {
  Hindi: {
    who: ['एक कुत्ता', 'दो बिल्लियाँ', 'छोटा लड़का', 'एक बूढ़ी औरत', 'लाल घोड़ा', 'मेरी बहन', 'सफ़ेद पक्षी', 'तीन बच्चे'],
    what: [
      'हरी घास पर दौड़ रहा है',
      'पानी में कूद रही हैं',
      'सड़क के किनारे बैठा है',
      'गेंद से खेल रहे हैं',
      'पेड़ के नीचे सोया हुआ है',
    ],
    join: ' ',
    end: '।',
  },
  Arabic: {
    who: [
      'كَلْبٌ صَغِيرٌ',
      'قِطَّةٌ سَوْدَاءُ',
      'وَلَدٌ ضَاحِكٌ',
      'اِمْرَأَةٌ عَجُوزٌ',
      'حِصَانٌ أَحْمَرُ',
      'طَائِرٌ أَبْيَضُ',
      'رَجُلٌ طَوِيلٌ',
      'ثَلَاثَةُ أَطْفَالٍ',
    ],
    what: ['يَرْكُضُ عَلَى العُشْبِ', 'يَقْفِزُ فِي المَاءِ', 'يَجْلِسُ بِجَانِبِ الطَّرِيقِ', 'يَلْعَبُ بِالكُرَةِ', 'يَنَامُ تَحْتَ الشَّجَرَةِ'],
    join: ' ',
    end: '؟',
  },
  Turkish: {
    who: [
      'İki köpek',
      'Kara kedi',
      'Gülen çocuk',
      'YAŞLI İNSAN',
      'Kızıl at',
      'İhtiyar adam',
      'Beyaz kuş',
      'Üç öğrenci',
    ],
    what: [
      'çimenlerde koşuyor',
      'suya atlıyor',
      "İstanbul'da yol kenarında oturuyor",
      'topla oynuyor',
      'ağacın altında uyuyor',
    ],
    join: ' ',
    end: '.',
  },
  Thai: {
    who: ['สุนัขตัวหนึ่ง', 'แมวสีดำ', 'เด็กผู้ชาย', 'หญิงชรา', 'ม้าสีแดง', 'พี่สาว', 'นกสีขาว', 'เด็กสามคน'],
    what: ['วิ่งบนหญ้าสีเขียว', 'กระโดดลงน้ำ', 'นั่งอยู่ข้างถนน', 'เล่นลูกบอล', 'นอนใต้ต้นไม้'],
    join: '',
    end: '',
  },
  Chinese: {
    who: ['一只小狗', '两只黑猫', '一个男孩', '一位老太太', '一匹红马', '我的姐姐', '一只白鸟', '三个孩子'],
    what: ['在草地上奔跑', '跳进水里', '坐在路边', '在玩皮球', '在树下睡觉'],
    join: '',
    end: '。',
  },
};

/** 40 images of one colour each, all of them for training and with one caption. */
async function dataset(folder: string, captions: readonly string[]): Promise<Dataset> {
  mkdirSync(folder, {recursive: true});
  const images = captions.map((caption, at) => ({
    id: `${at}.png`,
    file: join(folder, `${at}.png`),
    split: 'train' as const,
    captions: [caption],
  }));
  for (const [at, {file}] of images.entries()) {
    const quadrants = [at % 2, (at >> 1) % 2, (at >> 2) % 2, (at >> 3) % 2, (at >> 4) % 2, (at >> 5) % 2];
    const pixels = Buffer.alloc(16 * 16 * 3);
    for (let k = 0; k < 256; k++)
      for (const channel of [0, 1, 2]) {
        const place = (k >> 7) * 2 + ((k >> 3) & 1);
        pixels[3 * k + channel] = 255 * (quadrants[(place * 3 + channel) % 6] ?? 0);
      }
    await sharp(pixels, {raw: {width: 16, height: 16, channels: 3}})
      .png()
      .toFile(file);
  }
  return {layout: 'languages', folder, images, rejected: [], missing: [], unassigned: [], unreferenced: []};
}

describe('40 captions learnt by heart', function () {
  this.timeout(240_000);
  for (const [language, {who, what, join: between, end}] of Object.entries(languages))
    it(`score like themselves in ${language}`, async () => {
      const captions = who.flatMap((one) => what.map((other) => `${one}${between}${other}${end}`));
      const folder = join(temporaryFolder(), language);
      const data = await dataset(folder, captions);
      const features = await FeatureStore.build(toyEncoder, data.images, join(folder, 'features'));
      const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
      const decoder = createDecoder('lstm', vocabulary.size, features.depth, {
        embedding: 32,
        units: 96,
        dropout: 0,
      });
      const options = {epochs: 150, batch: 20, learningRate: 0.01, meteor: false, panelImages: 0};
      const trainer = await Trainer.create({dataset: data, features, vocabulary, decoder, options});
      try {
        await trainer.train();
        const images = ofSplit(data, 'train');
        const found = await searchCaptions({decoder, vocabulary}, features, images, {
          beams: 1,
          progress: false,
        });
        const written = found.map(({caption}) => caption);
        const scorer = await Scorer.create(
          images.map((image) => image.captions),
          {meteor: false, progress: false},
        );
        const scores = totals(scorer.score(written));
        const wrong = written.filter((one, at) => tokenize(one).join() !== tokenize(captions[at]!).join());
        expect(scores['BLEU-1'], wrong.join('\n')).to.be.at.least(0.98);
        expect(scores['CIDEr-D']).to.be.above(5);
      } finally {
        trainer.close();
        decoder.dispose();
      }
    });
});
