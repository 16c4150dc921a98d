import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {expect} from 'chai';
import type {CardContent} from 'captioner/dist/card/blocks';
import {cardMarkdown, escapeMarkdown} from 'captioner/dist/card/markdown';
import {cardPage} from 'captioner/dist/card/page';
import {projectRoot, python} from '../support';

/** Everything that Markdown, tables or HTML take for more than text. */
const hostile = `<img src=x onerror="alert(1)"> | **b** _i_ \`c\` [a](http://b) # $x$ ~~s~~ & &amp; \\ 1. - "q" 'r' {{x}}`;

const content: CardContent = {
  title: hostile,
  lead: hostile,
  footer: hostile,
  sections: [
    {
      title: hostile,
      blocks: [
        {kind: 'text', text: hostile},
        {kind: 'list', items: [hostile, `1. ${hostile}`, `- ${hostile}`]},
        {
          kind: 'table',
          rows: [{[hostile]: hostile, number: 0.5, list: [1, 2], yes: true, options: {units: 512}}],
        },
        {kind: 'code', lines: [`npx captioner caption ${hostile}`]},
        {kind: 'scores', scores: [{name: hostile, value: 0.5, low: 0.4, high: 0.6}]},
        {
          kind: 'images',
          images: [
            {id: hostile, file: '/nowhere.jpg', caption: hostile, references: [hostile], note: hostile},
          ],
        },
      ],
    },
  ],
};

interface Read {
  readonly metadata: unknown;
  readonly html: string;
}

function readCard(markdown: string): Read {
  const script = join(projectRoot, 'test', 'card', 'read-card.py');
  return JSON.parse(execFileSync(python(), [script], {input: markdown, encoding: 'utf8'})) as Read;
}

/** Text as a reader sees it. */
const shown = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/&(?:#(\d+)|(\w+));/g, (_, code: string | undefined, name: string) =>
      code === undefined ? {quot: '"', lt: '<', gt: '>', amp: '&'}[name]! : String.fromCharCode(Number(code)),
    );

describe('Cards', () => {
  it('show what captions, files and datasets are called, and run none of it: Markdown', () => {
    const markdown = cardMarkdown(content, {metadata: 'license: unknown', imagePath: () => 'images/a b.jpg'});
    const {html, metadata} = readCard(markdown);
    expect(metadata).to.deep.equal({license: 'unknown'});
    const tags = new Set([...html.matchAll(/<([a-z0-9]+)/g)].map(([, tag]) => tag));
    expect([...tags].sort()).to.deep.equal(
      [
        'code',
        'em',
        'h1',
        'h2',
        'img',
        'li',
        'p',
        'pre',
        'table',
        'tbody',
        'td',
        'th',
        'thead',
        'tr',
        'ul',
      ].sort(),
    );
    expect([...html.matchAll(/<img src="([^"]*)"/g)].map(([, source]) => source)).to.deep.equal([
      'images/a%20b.jpg',
    ]);
    for (const tag of ['h1', 'h2', 'p', 'em'])
      expect(shown(new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)![1]!), tag).to.equal(hostile);
    const items = [...html.matchAll(/<li>([^]*?)<\/li>/g)].map(([, item]) => shown(item!));
    expect(items).to.deep.equal([hostile, `1. ${hostile}`, `- ${hostile}`]);
    const cells = [...html.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/g)].map(([, cell]) => shown(cell!));
    expect(cells.filter((cell) => cell === hostile).length).to.equal(7);
    expect(cells).to.include.members(['0.5', '1, 2', 'yes', 'units 512', '0.400 to 0.600']);
  });

  it('show what captions, files and datasets are called, and run none of it: HTML', () => {
    const page = cardPage(content, () => undefined);
    expect(page).to.match(/^<!DOCTYPE html>\s*<html lang="en">/);
    for (const tag of ['<img', '<script']) expect(page).not.to.include(tag);
    expect(shown(/<h1>([^]*?)<\/h1>/.exec(page)![1]!)).to.equal(hostile);
    expect(page).to.include('default-src &#39;none&#39;');
    expect(page).to.include('The images belong to the dataset');
  });

  it('escape no more than they need', () => {
    expect(escapeMarkdown('a man in a red shirt, 3 dogs (running)')).to.equal(
      'a man in a red shirt, 3 dogs (running)',
    );
    expect(escapeMarkdown('two\nlines ')).to.equal('two lines');
    expect(escapeMarkdown('0.850 to 0.875')).to.equal('0.850 to 0.875');
  });
});
