/** A card as Markdown, in the form that Hugging Face and GitHub show. */
import {formatNumber} from '../show/text';
import type {Row} from '../show/table';
import {decimals, notShown, type Block, type CardContent, type CardImage} from './blocks';

export interface MarkdownOptions {
  /** YAML without its fences. */
  readonly metadata: string;
  /** Path of an image relative to the card; undefined where the image isn't shown. */
  readonly imagePath: (image: CardImage) => string | undefined;
}

export function cardMarkdown({title, lead, sections, footer}: CardContent, options: MarkdownOptions): string {
  const parts = [
    `---\n${options.metadata}\n---`,
    `# ${escapeMarkdown(title)}`,
    escapeMarkdown(lead),
    ...sections.flatMap((section) => [
      `## ${escapeMarkdown(section.title)}`,
      ...section.blocks.map((block) => blockMarkdown(block, options)),
    ]),
    `*${escapeMarkdown(footer)}*`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function blockMarkdown(block: Block, {imagePath}: MarkdownOptions): string {
  switch (block.kind) {
    case 'text':
      return escapeMarkdown(block.text);
    case 'list':
      return block.items.map((item) => `- ${escapeMarkdown(item)}`).join('\n');
    case 'code':
      return block.lines.map((line) => `    ${line}`).join('\n');
    case 'table':
      return tableMarkdown(block.rows);
    case 'scores':
      return tableMarkdown(
        block.scores.map(({name, value, low, high}) => ({
          'metric': name,
          'score': decimals(value),
          '95 % interval': `${decimals(low)} to ${decimals(high)}`,
        })),
      );
    case 'images':
      return imagesMarkdown(block.images, imagePath);
  }
}

function imagesMarkdown(images: readonly CardImage[], imagePath: MarkdownOptions['imagePath']): string {
  const rows = images.map((image) => {
    const path = imagePath(image);
    return {
      ...(path !== undefined && {' ': new MarkdownImage(path, image.caption)}),
      image: image.id,
      caption: image.caption,
      ...(image.note !== undefined && {remark: image.note}),
      references: image.references.join(' / '),
    };
  });
  const hidden = images.some((image) => imagePath(image) === undefined);
  return `${hidden ? `${escapeMarkdown(notShown)}\n\n` : ''}${tableMarkdown(rows)}`;
}

/** A link to an image in a cell. */
class MarkdownImage {
  constructor(
    private readonly path: string,
    private readonly alternative: string,
  ) {}

  get markdown(): string {
    return `![${escapeMarkdown(this.alternative)}](${encodeURI(this.path)})`;
  }
}

function tableMarkdown(rows: readonly Row[]): string {
  if (rows.length === 0) return '';
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const right = names.map((name) => rows.every((row) => /^-?[\d.,]+(\s%)?$/.test(cellText(row[name]))));
  return [
    `| ${names.map(escapeMarkdown).join(' | ')} |`,
    `| ${right.map((numbers) => (numbers ? '---:' : '---')).join(' | ')} |`,
    ...rows.map((row) => `| ${names.map((name) => cellMarkdown(row[name])).join(' | ')} |`),
  ].join('\n');
}

function cellMarkdown(value: unknown): string {
  return value instanceof MarkdownImage ? value.markdown : escapeMarkdown(cellText(value));
}

function cellText(value: unknown): string {
  if (value === undefined || value === null || value instanceof MarkdownImage) return '';
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return JSON.stringify(value) ?? '';
  const entries = Object.entries(value);
  return Array.isArray(value)
    ? value.map(cellText).join(', ')
    : entries.map(([name, item]) => `${name} ${cellText(item)}`).join(', ');
}

/** Text that Markdown shows as it is: neither Markdown nor HTML of a caption or a file name has an effect. */
export function escapeMarkdown(content: string): string {
  return content
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_{}[\]<>#|~$&]/g, '\\$&')
    .replace(/^(\d+)([.)])(?= |$)/, '$1\\$2')
    .replace(/^([+-]) /, '\\$1 ');
}
