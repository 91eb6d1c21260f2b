/** Places where a page may hold what somebody wrote; `S` stands for the secret. */
export const PLACES: Record<string, string> = {
  'title attribute': '<p title="S">x</p>',
  placeholder: '<input placeholder="S">',
  'data attribute': '<p data-citizen="S">x</p>',
  'aria-label': '<p aria-label="S">x</p>',
  'aria-description': '<p aria-description="S">x</p>',
  'aria-valuetext': '<div role="slider" tabindex="0" aria-valuetext="S">x</div>',
  'hidden input': '<input type="hidden" value="S">',
  'text echo': '<p>您好，S</p>',
  'text in a table': '<table><tr><td>S</td></tr></table>',
  contenteditable: '<div contenteditable>S</div>',
  'contenteditable in a shown part': '<div data-assist-show><div contenteditable>S</div></div>',
  'output in a label': '<label>姓名<output>S</output></label>',
  'text input': '<input value="S">',
  textarea: '<textarea>S</textarea>',
  'textarea in a shown part': '<div data-assist-show><textarea data-assist="mask">S</textarea></div>',
  password: '<input type="password" value="S">',
  'password in a shown part': '<div data-assist="show"><input type="password" value="S"></div>',
  'one-time code': '<input autocomplete="one-time-code" data-assist="show" value="S">',
  'search field': '<input type="search" value="S">',
  'e-mail': '<input type="email" value="S">',
  'submit value': '<input type="submit" value="S">',
  'button value attribute': '<button value="S" type="button">x</button>',
  'checkbox value': '<input type="checkbox" value="S" checked>',
  'radio value': '<input type="radio" value="S" checked>',
  'option text': '<select><option selected>S</option></select>',
  'option value': '<select><option value="S">x</option></select>',
  'option label': '<select><option label="S">x</option></select>',
  'optgroup label': '<select><optgroup label="S"><option>x</option></optgroup></select>',
  'datalist option': '<input list="dl"><datalist id="dl"><option value="S">S</option></datalist>',
  'link query': '<a href="/x?name=S">x</a>',
  'link path': '<a href="/x/S">x</a>',
  'form action': '<form action="/x?name=S"><i>x</i></form>',
  'image alt': '<img alt="S" width="4" height="4">',
  'image query': '<img src="/pixel.svg?name=S" alt="">',
  'image data address': '<img src="data:image/svg+xml,S" alt="">',
  comment: '<!-- S -->',
  'iframe srcdoc': '<iframe srcdoc="<p>S</p>"></iframe>',
  'iframe query': '<iframe src="/empty?name=S"></iframe>',
  'object data': '<object data="/empty?name=S"></object>',
  'video poster': '<video poster="/pixel.svg?name=S"></video>',
  'svg text': '<svg><text y="9">S</text></svg>',
  'svg title': '<svg><title>S</title></svg>',
  'style attribute variable': '<p style="--name: \'S\'">x</p>',
  'style content': '<style>.a::after{content:"S"}</style>',
  'style variable': '<style>:root{--who:"S"}</style>',
  'style comment': '<style>/* S */.b{color:red}</style>',
  'style address': '<style>.c{background:url("/pixel.svg?name=S")}</style>',
  'inline handler': '<p onclick="greet(\'S\')">x</p>',
  'inline script': '<script type="application/json">{"name":"S"}</script>',
  noscript: '<noscript>S</noscript>',
  template: '<template><p>S</p></template>',
  details: '<details><summary>S</summary>S</details>',
  'time datetime': '<time datetime="S">x</time>',
  'microdata content': '<span itemprop="name" content="S">x</span>',
  'blocked part': '<div data-assist="block"><p>S</p><input value="S"></div>',
  'blocked by attribute': '<div data-assist-block>S</div>',
  'masked heading': '<h2 data-assist="mask">S</h2>',
  'unknown class': '<p data-assist="shwo">S</p>',
  'progress words': '<progress value="1" max="2">S</progress>',
};
export const SPECIAL = ['document title', 'page query', 'page fragment', 'referrer', 'shadow text', 'shadow input', 'canvas', 'blob image', 'insertRule', 'adopted style sheet', 'meta content', 'history state'];
export const NUMBERS = { phone: '13800138000', identity: '11010519491231002X', card: '6222021001116245' };

export const secret = (phase: string, at: number): string => `sek${phase}${String(at).padStart(3, '0')}ret`;

export function body(phase: string): string {
  return Object.values(PLACES)
    .map((html, at) => `<div class="place">${html.replaceAll('S', secret(phase, at))}</div>`)
    .join('\n');
}

/** Every string in a frame but the share's own names, which are drawn by lot. */
export function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => (name === 'sid' || name === 'token' ? [] : strings(part)));
}
