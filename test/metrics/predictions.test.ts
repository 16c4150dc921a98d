import {expect} from 'chai';
import {pairCaptions} from 'captioner/dist/metrics/predictions';

describe('pairCaptions', () => {
  const candidates = [{image_id: 'a.jpg', caption: 'a dog'}];

  it('pairs captions with references, by name or number', () => {
    const {pairs, unused} = pairCaptions(candidates, {'a.jpg': ['one', 'two'], 'b.jpg': ['three']});
    expect(pairs).to.deep.equal([{id: 'a.jpg', candidate: 'a dog', references: ['one', 'two']}]);
    expect(unused, 'without a caption').to.deep.equal(['b.jpg']);
    const annotations = [1, 2, 1].map((image_id, at) => ({id: at, image_id, caption: `caption ${at}`}));
    expect(
      pairCaptions([{image_id: 1, caption: 'x'}], {annotations, images: []}).pairs[0]?.references,
    ).to.deep.equal(['caption 0', 'caption 2']);
  });

  it('accepts names of object properties as image ids', () => {
    const odd = [{image_id: '__proto__', caption: 'x'}];
    expect(() => pairCaptions(odd, {'a.jpg': ['one']})).to.throw('image __proto__');
    expect(() => pairCaptions([{image_id: 'constructor', caption: 'x'}], {})).to.throw('image constructor');
  });

  it('reports captions and references without a counterpart', () => {
    expect(() => pairCaptions(candidates, {})).to.throw('expected captions of image a.jpg, found none');
    expect(() => pairCaptions([...candidates, ...candidates], {'a.jpg': ['x']})).to.throw(
      'expected one caption per image, got two for image a.jpg',
    );
    expect(() => pairCaptions([], {})).to.throw('expected captions, found none');
    expect(() => pairCaptions({}, {})).to.throw('candidates: ');
    expect(() => pairCaptions([{image_id: 'a', caption: 3}], {a: ['x']})).to.throw('candidates: `0.caption`');
    expect(() => pairCaptions(candidates, {'a.jpg': []})).to.throw('references: ');
  });
});
