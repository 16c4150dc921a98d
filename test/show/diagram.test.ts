import {showDiagram} from 'captioner';
import {diagramSvg} from 'captioner/dist/show/diagram';
import {expect} from 'chai';
import {htmlOf, inKernel, printed, textOf} from './kernel';

const diagram = {
  title: 'A <captioner>',
  boxes: {
    image: {label: 'image', at: [0, 0], kind: 'data'},
    encoder: {label: 'encoder', note: 'a & b', at: [1, 0], kind: 'learnt'},
    words: {label: 'words', at: [1, 1]},
  },
  arrows: [
    ['image', 'encoder'],
    ['encoder', 'words'],
  ],
} as const;

/** The coordinates of the arrows, `[x1, y1, x2, y2]`. */
function arrowsOf(svg: string): number[][] {
  const lines = svg.match(/<line[^>]*>/g) ?? [];
  return lines.map((line) =>
    ['x1', 'y1', 'x2', 'y2'].map((name) => Number(new RegExp(`${name}="([^"]*)"`).exec(line)![1])),
  );
}

describe('showDiagram', () => {
  it('joins the sides of boxes that face each other', () => {
    const [across, down] = arrowsOf(diagramSvg(diagram));
    expect(across![1]).to.equal(across![3]);
    expect(across![2]! - across![0]!).to.be.within(10, 30);
    expect(down![0]).to.equal(down![2]);
    expect(down![3]! - down![1]!).to.be.within(10, 30);
  });

  it('frames parts but not data, and escapes labels', () => {
    const svg = diagramSvg(diagram);
    expect(svg.match(/<rect/g)).to.have.length(2);
    expect(svg).to.match(/a &(amp|#38); b/);
  });

  it('is an image with its arrows as text', async () => {
    const [sent] = await inKernel(() => showDiagram(diagram));
    expect(textOf(sent)).to.equal('A <captioner>\nimage → encoder\nencoder → words');
    expect(htmlOf(sent)).to.match(
      /A &(lt|#60);captioner&(gt|#62);[^]*<img\s+src="data:image\/svg\+xml;base64,/,
    );
    expect(await printed(() => showDiagram(diagram))).to.include('encoder → words');
  });

  it('refuses an arrow to a box that is not there', () => {
    expect(() => diagramSvg({...diagram, arrows: [['image', 'decoder']]})).to.throw(
      'expected a box, got "decoder"',
    );
  });
});
