import { describe, expect, it } from 'vitest';
import { html } from '../../../src/collector/page/html.js';

describe('html', () => {
  it('escapes strings, so that they cannot end an element or an attribute', () => {
    const text = `<script>alert("1" + '2')</script>&`;
    expect(String(html`<p title="${text}">${text}</p>`)).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;)&lt;/script&gt;&amp;">' +
        '&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;)&lt;/script&gt;&amp;</p>',
    );
  });

  it('keeps its own markup, and joins lists', () => {
    const items = ['<a>', 'b'].map((item) => html`<li>${item}</li>`);
    expect(String(html`<ul>${items}</ul>`)).toBe('<ul><li>&lt;a&gt;</li><li>b</li></ul>');
  });

  it('accepts no objects that only look like its markup', () => {
    const posing: { toString(): string } = { toString: () => '<b>' };
    // @ts-expect-error Only strings, numbers and markup are content.
    expect(String(html`${posing}`)).toBe('&lt;b&gt;');
  });

  it('drops undefined and false, and shows zero', () => {
    expect(String(html`${undefined}${false}${0}`)).toBe('0');
  });

  it('replaces control characters, lone surrogates and bidirectional controls', () => {
    expect(String(html`${'a\u0000\u001b\u007f\u0085\ud800\u202e\u2066z'}`)).toBe(`a${'\ufffd'.repeat(7)}z`);
    expect(String(html`${'tab\tline\nend\r 😀 مرحبا'}`)).toBe('tab\tline\nend\r 😀 مرحبا');
  });
});
