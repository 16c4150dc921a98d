/** Shows what the search found: the words of one hypothesis, and all hypotheses to choose from. */
import type {CaptionReply, ExplainReply, FoundCaption, MethodChoice} from './api.js';
import {keepPlace, showAttention, showSigned} from './attention.js';
import {bar, byId, decimalsFor, make, percent} from './dom.js';

/** Explains the words of a caption by a method; undefined if it couldn't. */
export type Explain = (method: string, caption: string) => Promise<ExplainReply | undefined>;

/** Shows a reply, beginning with its best hypothesis. */
export function showReply(reply: CaptionReply, explain: Explain): void {
  const highest = Math.max(...reply.hypotheses.map(({probability}) => probability));
  const decimals = decimalsFor(highest);
  const rows = reply.hypotheses.map((hypothesis, at) => {
    const radio = make('input', {type: 'radio', name: 'hypothesis', value: `${at}`, checked: at === 0});
    radio.addEventListener('change', () => {
      chosen = hypothesis;
      void showChosen();
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
  byId('before').textContent = reply.before === undefined ? '' : `before: ${reply.before || 'no words'}`;
  const select = showMethods(reply);
  let [chosen] = reply.hypotheses;
  const known = new Map<string, ExplainReply>();
  const showChosen = async (): Promise<void> => {
    const [shown, method] = [chosen, select.value];
    if (!shown) return;
    const key = `${method} ${shown.caption}`;
    showWords(shown, reply, known.get(key));
    if (method === '' || known.has(key)) return;
    const explained = await explain(method, shown.caption);
    if (!explained) return;
    known.set(key, explained);
    if (shown === chosen && method === select.value) showWords(shown, reply, explained);
  };
  select.onchange = () => void showChosen();
  void showChosen();
}

/** Lists the methods, keeping the choice where it still exists. */
function showMethods({methods, hypotheses}: CaptionReply): HTMLSelectElement {
  const select = byId<HTMLSelectElement>('method');
  const before = select.value;
  const attends = hypotheses[0]?.words.some(({attention}) => attention !== undefined) ?? false;
  const optionOf = ({name, title, about}: MethodChoice): HTMLOptionElement =>
    make('option', {value: name, textContent: title, title: about, selected: name === before});
  const none = make('option', {value: '', textContent: attends ? 'where the decoder attends' : 'no map'});
  select.replaceChildren(none, ...methods.filter(({name}) => name !== 'attention').map(optionOf));
  return select;
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
function showWords(
  {words, end}: FoundCaption,
  {fit, decoder, methods}: CaptionReply,
  explained: ExplainReply | undefined,
): void {
  const attends = explained !== undefined || words.some(({attention}) => attention !== undefined);
  const buttons: HTMLButtonElement[] = [];
  let pinned: HTMLButtonElement | undefined;

  const show = (button: HTMLButtonElement | undefined): void => {
    for (const other of buttons) other.classList.toggle('shown', other === button);
    const word = button && words[buttons.indexOf(button)];
    const map = button && explained?.maps[buttons.indexOf(button)];
    if (word && map) showSigned(word.text, map, fit);
    else showAttention(word, fit);
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
    const {text, probability, changed = false} = word;
    const className = changed ? 'word changed' : 'word';
    const button = make('button', {type: 'button', className, tabIndex: at === 0 ? 0 : -1});
    if (changed) button.title = 'changed';
    button.append(make('b', {}, text), bar(probability), make('small', {}, percent(probability)));
    buttons.push(button);
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
  const title = methods.find(({name}) => name === explained?.method)?.about;
  byId('hint').textContent =
    title !== undefined
      ? `${title} Point at a word, or move to it with the arrow keys; press it to keep its map shown.`
      : attends
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
