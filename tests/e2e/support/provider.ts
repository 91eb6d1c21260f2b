import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';

import type { Page } from '@playwright/test';
import { Provider as Oidc } from 'oidc-provider';

const CLIENT = 'yikouwen';
const SECRET = 'a secret of this test and no other';

/** People by the name they log in with. */
const PEOPLE: Record<string, string> = { zhang: '张建国', li: '李秀英' };

export interface ProviderOptions {
  /** Cuts the windows it opens in off from those that opened them, as strict providers do. */
  cutsOpener?: boolean;
}

/** A provider of identities that is not ours: the certified `oidc-provider`, with its own forms. It insists on PKCE. */
export class Provider {
  private constructor(
    private readonly http: HttpServer,
    readonly issuer: string,
    private readonly options: ProviderOptions,
  ) {}

  static async listen(options: ProviderOptions = {}): Promise<Provider> {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const address = http.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    // Another name than the server's: cookies know no ports, and these two would meet.
    return new Provider(http, `http://localhost:${address.port}`, options);
  }

  /** What the server has to know. */
  config(url: string, more = ''): string {
    return `[server]
public_url = "${url}"
${this.login}${more}`;
  }

  /** The part of it that is about this provider. */
  get login(): string {
    return `[login]
issuer = "${this.issuer}"
client_id = "${CLIENT}"
client_secret = "${SECRET}"
label = "浙里办"
label_en = "Zheliban"
`;
  }

  /** Begins to answer, for the server that is at this address. */
  serve(url: string): void {
    const oidc = new Oidc(this.issuer, {
      clients: [{ client_id: CLIENT, client_secret: SECRET, redirect_uris: [`${url}/login/callback`] }],
      pkce: { required: () => true },
      claims: { openid: ['sub'], profile: ['name'] },
      cookies: { keys: [SECRET] },
      findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub, name: PEOPLE[sub] }) }),
    });
    const answer = oidc.callback();
    this.http.on('request', (request, response) => {
      if (this.options.cutsOpener) response.setHeader('cross-origin-opener-policy', 'same-origin');
      answer(request, response);
    });
  }

  close(): void {
    this.http.closeAllConnections();
    this.http.close();
  }
}

/** Logs in at the provider's own form, and agrees there that the name may be told. */
export async function logInAs(page: Page, who: string): Promise<void> {
  await page.locator('input[name="login"]').fill(who);
  await page.locator('input[name="password"]').fill('any');
  await page.locator('button[type="submit"]').click();
  await page.locator('button[type="submit"]', { hasText: 'Continue' }).click();
}

/** Turns back at the provider's form. */
export async function turnBack(page: Page): Promise<void> {
  await page.getByRole('link', { name: /cancel/i }).click();
}
