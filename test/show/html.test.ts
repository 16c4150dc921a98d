import {expect} from 'chai';
import {html, raw} from 'captioner';

describe('html', () => {
  it('escapes values between tags and in quoted attributes', () => {
    const caption = `<img src=x onerror="alert('1')"> & \`more\``;
    const {text} = html`<b title="${caption}">${caption}</b>`;
    const escaped = '&#60;img src=x onerror=&#34;alert(&#39;1&#39;)&#34;&#62; &#38; &#96;more&#96;';
    expect(text).to.equal(`<b title="${escaped}">${escaped}</b>`);
  });

  it('inserts fragments and literals unescaped, also in arrays', () => {
    const words = ['a', '<'].map((word) => html`<b>${word}</b>`);
    expect(html`<i>${words}</i>${raw('<hr>')}`.text).to.equal('<i><b>a</b><b>&#60;</b></i><hr>');
  });

  it('inserts nothing for empty values, but keeps zero', () => {
    expect(html`${undefined}${null}${false}${0}${''}`.text).to.equal('0');
  });

  it('escapes objects that merely resemble a fragment', () => {
    const forged = {text: '<script>'} as unknown as string;
    expect(html`${forged}`.text).not.to.include('<script>');
  });
});
