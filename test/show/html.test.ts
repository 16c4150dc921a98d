import {expect} from 'chai';
import {html, raw} from 'captioner/dist/show/html';

describe('html', () => {
  it('escapes what is put in, between tags and in quoted attributes', () => {
    const caption = `<img src=x onerror="alert('1')"> & \`more\``;
    const {text} = html`<b title="${caption}">${caption}</b>`;
    const escaped = '&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62; &#38; &#96;more&#96;';
    expect(text).to.equal(`<b title="${escaped}">${escaped}</b>`);
  });

  it('leaves its own fragments and literals as they are, in lists too', () => {
    const words = ['a', '<'].map((word) => html`<b>${word}</b>`);
    expect(html`<i>${words}</i>${raw('<hr>')}`.text).to.equal('<i><b>a</b><b>&#60;</b></i><hr>');
  });

  it('leaves nothing where there is nothing, and keeps zero', () => {
    expect(html`${undefined}${null}${false}${0}${''}`.text).to.equal('0');
  });

  it('does not take an object for a fragment because it looks like one', () => {
    const forged = {text: '<script>'} as unknown as string;
    expect(html`${forged}`.text).not.to.include('<script>');
  });
});
