/** JupyterLab's rules for the HTML of notebooks that are not trusted, read from the JupyterLab that is installed. */
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {runInNewContext} from 'node:vm';
import {projectRoot} from '../support';

export interface Sanitizer {
  /** Tags that stay. */
  readonly tags: ReadonlySet<string>;
  /** Whether a declaration of a `style` attribute stays. */
  readonly keeps: (property: string, value: string) => boolean;
}

/** Reads the rules from JupyterLab's scripts: the tags, and the expressions that the values of each property must match. */
export function jupyterSanitizer(): Sanitizer {
  const folder = join(projectRoot, '.venv', 'share', 'jupyter', 'lab', 'static');
  const script = readdirSync(folder).find((name) => /^jlab_core\..*\.js$/.test(name))!;
  const source = readFileSync(join(folder, script), 'utf8');
  const opening = 'allowedStyles:{"*":';
  const at = source.indexOf(opening);
  const [, name] = /"backface-visibility":\[(\w+)\./.exec(source.slice(at))!;
  const start = source.lastIndexOf(`class ${name}{static reg(`, at);
  const end = source.indexOf('class ', start + 10);
  const object = source.slice(at + opening.length, source.indexOf('}}', at) + 1);
  // The expressions are built by code, which only puts strings together.
  const rules = runInNewContext(`${source.slice(start, end)};(${object})`) as Record<string, RegExp[]>;
  const [, tags] = /allowedTags:(\[.*?\])/.exec(source.slice(end))!;
  return {
    tags: new Set(JSON.parse(tags!) as string[]),
    keeps: (property, value) => rules[property]?.some((rule) => rule.test(value)) ?? false,
  };
}

/** Returns the tags and declarations of HTML that the sanitizer would drop. */
export function dropped(html: string, {tags, keeps}: Sanitizer): Set<string> {
  const lost = new Set<string>();
  for (const [, tag] of html.matchAll(/<([a-z][\w-]*)/g)) if (!tags.has(tag!)) lost.add(`<${tag}>`);
  for (const [, style] of html.matchAll(/style="([^"]*)"/g))
    for (const declaration of style!.split(';')) {
      const [property, ...value] = declaration.split(':');
      if (value.length > 0 && !keeps(property!.trim(), value.join(':').trim())) lost.add(declaration.trim());
    }
  return lost;
}
