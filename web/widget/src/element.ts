import type { Locale } from '@yikouwen/shared/wire';
import { h, render } from 'preact';

import { Controller } from './controller';
import { chooseLocale } from './locale';
import { isOwnPage, readOptions, type Options } from './options';
import { browserKeeps, keys } from './storage';
import { dress } from './styles';
import { App } from './views/App';

/** Told to the page when the citizen changes how he reads, so that the page around may follow. */
export interface Preferences {
  locale: Locale;
  large: boolean;
}

/**
 * `<yikouwen-chat data-mode="bubble|page" data-server data-locale data-title>`: the citizen's chat. Everything it draws
 * is in its shadow root; the page's styles don't reach in and its own don't leak out.
 */
export class YikouwenChat extends HTMLElement {
  static readonly observedAttributes = ['data-locale', 'data-mode', 'data-title'];

  private readonly keeps = browserKeeps();
  private readonly root: ShadowRoot;
  private controller: Controller | undefined;
  private options: Options | undefined;
  private locale: Locale = 'zh';
  private large = false;
  private open = false;
  private dressed = false;

  constructor() {
    super();
    this.root = this.attachShadow({ mode: 'open' });
  }

  connectedCallback(): void {
    if (this.controller) return;
    this.options = readOptions(this);
    this.dress(this.options);
    this.locale = chooseLocale(this.keeps.lasting.get(keys.locale), this.options.locale);
    this.large = this.keeps.lasting.get(keys.large) === 'yes';
    this.open = this.options.mode === 'page' || this.keeps.tab.get(keys.open) === 'yes';
    this.controller = new Controller(this.options.server, this.keeps, this.locale);
    this.draw();
    this.tellPage();
  }

  disconnectedCallback(): void {
    // A page that only moves the element takes it out and puts it back at once: that must not end the conversation.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.controller?.stop();
      this.controller = undefined;
      render(null, this.root);
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (!this.controller || before === after) return;
    this.options = readOptions(this);
    if (name === 'data-locale' && after !== null) this.setLocale(chooseLocale(null, after));
    if (this.options.mode === 'page') this.open = true;
    this.draw();
  }

  private dress(options: Options): void {
    if (this.dressed) return;
    this.dressed = true;
    dress(this.root, isOwnPage(options));
  }

  private setLocale(locale: Locale): void {
    if (locale === this.locale) return;
    this.locale = locale;
    this.keeps.lasting.set(keys.locale, locale);
    this.controller?.setLocale(locale);
    this.draw();
    this.tellPage();
  }

  private setLarge(large: boolean): void {
    this.large = large;
    this.keeps.lasting.set(keys.large, large ? 'yes' : 'no');
    this.draw();
    this.tellPage();
  }

  private setOpen(open: boolean): void {
    this.open = open;
    this.keeps.tab.set(keys.open, open ? 'yes' : 'no');
    this.draw();
    // The focus follows what the citizen opened, and goes back to the button he opened it with.
    requestAnimationFrame(() => this.root.querySelector<HTMLElement>(open ? 'textarea' : '.launcher')?.focus());
  }

  private tellPage(): void {
    const detail: Preferences = { locale: this.locale, large: this.large };
    this.dispatchEvent(new CustomEvent('yikouwen:preferences', { detail, bubbles: true, composed: true }));
  }

  private draw(): void {
    const { controller, options, keeps } = this;
    if (!controller || !options) return;
    render(
      h(App, {
        controller,
        keeps,
        mode: options.mode,
        isPage: isOwnPage(options),
        title: options.title,
        locale: this.locale,
        large: this.large,
        open: this.open,
        onLocale: (locale) => this.setLocale(locale),
        onLarge: (large) => this.setLarge(large),
        onOpen: (open) => this.setOpen(open),
      }),
      this.root,
    );
  }
}
