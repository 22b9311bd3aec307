import { describe, expect, it } from 'vitest';
import { html } from '../../src/collector/page/html.js';

describe('html', () => {
  it('escapes text, so that it can end neither an element nor an attribute', () => {
    const text = `<script>alert("1" + '2')</script>&`;
    expect(String(html`<p title="${text}">${text}</p>`)).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;)&lt;/script&gt;&amp;">' +
        '&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;)&lt;/script&gt;&amp;</p>',
    );
  });

  it('keeps the markup it made itself, and joins lists', () => {
    const items = ['<a>', 'b'].map((item) => html`<li>${item}</li>`);
    expect(String(html`<ul>${items}</ul>`)).toBe('<ul><li>&lt;a&gt;</li><li>b</li></ul>');
  });

  it('takes nothing for markup that it did not make, whatever it looks like', () => {
    const posing: { toString(): string } = { toString: () => '<b>' };
    // @ts-expect-error Only text, numbers and markup are content.
    expect(String(html`${posing}`)).toBe('&lt;b&gt;');
  });

  it('leaves out what is undefined or false, and shows zero', () => {
    expect(String(html`${undefined}${false}${0}`)).toBe('0');
  });

  it('shows control characters, halves of characters and turns of direction as unknown ones', () => {
    expect(String(html`${'a\u0000\u001b\u007f\u0085\ud800\u202e\u2066z'}`)).toBe(`a${'\ufffd'.repeat(7)}z`);
    expect(String(html`${'tab\tline\nend\r 😀 مرحبا'}`)).toBe('tab\tline\nend\r 😀 مرحبا');
  });
});
