/** Shows what the search found: the words of one hypothesis, and all hypotheses to choose from. */
import type {CaptionReply, FoundCaption, Word} from './api.js';
import {keepPlace, showAttention} from './attention.js';
import {bar, byId, decimalsFor, make, percent} from './dom.js';

/** Shows a reply, beginning with its best hypothesis. */
export function showReply(reply: CaptionReply): void {
  const highest = Math.max(...reply.hypotheses.map(({probability}) => probability));
  const decimals = decimalsFor(highest);
  const rows = reply.hypotheses.map((hypothesis, at) => {
    const radio = make('input', {type: 'radio', name: 'hypothesis', value: `${at}`, checked: at === 0});
    radio.addEventListener('change', () => {
      showWords(hypothesis, reply);
      byId('announcement').textContent = hypothesis.caption;
    });
    return make(
      'label',
      {className: 'hypothesis'},
      radio,
      make('b', {}, hypothesis.caption),
      make('span', {}, percent(hypothesis.probability, decimals)),
      bar(hypothesis.probability / highest),
      make(
        'small',
        {},
        `score ${hypothesis.score.toFixed(3).replace('-', '−')}${hypothesis.end === undefined ? ', cut off at the maximum length' : ''}`,
      ),
    );
  });
  byId('list').replaceChildren(...rows);
  byId('result').hidden = false;
  const [best] = reply.hypotheses;
  if (best) showWords(best, reply);
}

/** Removes the captions of an earlier image. */
export function clearReply(): void {
  byId('result').hidden = true;
  byId('list').replaceChildren();
  byId('caption').replaceChildren();
  keepPlace(false);
  showAttention(undefined, 'stretch');
}

/** Shows the words of a hypothesis as buttons: the arrow keys move between them. */
function showWords({words, end}: FoundCaption, {fit, decoder}: CaptionReply): void {
  const attends = words.some(({attention}) => attention !== undefined);
  const buttons: HTMLButtonElement[] = [];
  let pinned: HTMLButtonElement | undefined;
  const shown = new Map<HTMLButtonElement, Word>();

  const show = (button: HTMLButtonElement | undefined): void => {
    for (const other of buttons) other.classList.toggle('shown', other === button);
    showAttention(button && shown.get(button), fit);
  };
  const pin = (button: HTMLButtonElement | undefined): void => {
    pinned = button;
    for (const other of buttons) other.setAttribute('aria-pressed', `${other === pinned}`);
    show(pinned);
  };
  const move = (to: number): void => {
    for (const [at, button] of buttons.entries()) button.tabIndex = at === to ? 0 : -1;
    buttons[to]?.focus();
  };

  for (const [at, word] of words.entries()) {
    const {text, probability} = word;
    const button = make('button', {type: 'button', className: 'word', tabIndex: at === 0 ? 0 : -1});
    button.append(make('b', {}, text), bar(probability), make('small', {}, percent(probability)));
    buttons.push(button);
    shown.set(button, word);
    button.addEventListener('pointerenter', (event) => event.pointerType === 'mouse' && show(button));
    button.addEventListener('pointerleave', () => show(pinned));
    button.addEventListener('focus', () => show(button));
    button.addEventListener('blur', () => show(pinned));
    if (attends) {
      button.setAttribute('aria-pressed', 'false');
      button.addEventListener('click', () => pin(pinned === button ? undefined : button));
    }
    button.addEventListener('keydown', (event) => {
      const to = {
        ArrowRight: at + 1,
        ArrowDown: at + 1,
        ArrowLeft: at - 1,
        ArrowUp: at - 1,
        Home: 0,
        End: words.length - 1,
      }[event.key];
      if (event.key === 'Escape') pin(undefined);
      if (to === undefined) return;
      event.preventDefault();
      move((to + words.length) % words.length);
    });
  }
  byId('caption').replaceChildren(...buttons, ...(end === undefined ? [] : [endOf(end)]));
  byId('hint').textContent = attends
    ? 'Below each word is its probability, given the words before it. Point at a word, or move to it with the arrow keys, to see where the decoder attends; press it to keep that shown.'
    : `Below each word is its probability, given the words before it. This decoder (${decoder}) has no attention to show.`;
  keepPlace(attends);
  showAttention(undefined, fit);
}

/** The end of the sentence is a decision of the decoder, too. */
function endOf(probability: number): HTMLElement {
  return make(
    'span',
    {className: 'word end', title: 'Probability that the sentence ends here'},
    make('b', {}, '(end)'),
    bar(probability),
    make('small', {}, percent(probability)),
  );
}
