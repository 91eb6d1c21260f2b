/** A citizen and a helper who can speak: browsers with devices that are made up, and a relay that is real. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Browser, BrowserContextOptions, Page } from '@playwright/test';

import { Citizen } from './citizen';
import { Helper } from './helper';
import { freePort, Server } from './server';
import { keepShadowsOpen } from './shadows';
import { expect } from './test';

/** A microphone that beeps, a window that moves, and nobody who has to be asked for them. */
export const DEVICES = [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--auto-select-desktop-capture-source=Entire screen',
];

/** What a page keeps for whoever measures it. */
interface Kept {
  peers: RTCPeerConnection[];
  tracks: MediaStreamTrack[];
  /** When a track of its own was found ended, in milliseconds since 1970. */
  ended: number[];
}
declare global {
  interface Window {
    kept: Kept;
  }
}

/** Keeps what the page makes, and opens its closed shadow roots to the test. */
async function prepare(page: Page): Promise<void> {
  await page.addInitScript(keepShadowsOpen);
  await page.addInitScript(() => {
    const kept: Kept = { peers: [], tracks: [], ended: [] };
    window.kept = kept;
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        kept.peers.push(this);
      }
    };
    const { mediaDevices } = navigator as Partial<Navigator>;
    if (!mediaDevices) return;
    for (const name of ['getUserMedia', 'getDisplayMedia'] as const) {
      const get = mediaDevices[name].bind(mediaDevices);
      mediaDevices[name] = async (constraints?: MediaStreamConstraints) => {
        const stream = await get(constraints);
        for (const track of stream.getTracks()) {
          kept.tracks.push(track);
          const stop = track.stop.bind(track);
          track.stop = () => {
            stop();
            if (track.readyState === 'ended') kept.ended.push(Date.now());
          };
        }
        return stream;
      };
    }
  });
}

/** What the last connection of a page receives. */
export interface Received {
  packets: number;
  /** Between 0 and 1, at this moment. */
  level: number;
  energy: number;
  frames: number;
  local: string;
  remote: string;
}

export async function received(page: Page): Promise<Received> {
  return page.evaluate(async () => {
    const found = { packets: 0, level: 0, energy: 0, frames: 0, local: '', remote: '' };
    const stats = await window.kept.peers.at(-1)?.getStats();
    const all = new Map<string, Record<string, unknown>>();
    stats?.forEach((report: Record<string, unknown> & { id: string }) => all.set(report.id, report));
    for (const report of all.values()) {
      if (report['type'] === 'inbound-rtp') {
        found.packets += Number(report['packetsReceived'] ?? 0);
        found.level = Math.max(found.level, Number(report['audioLevel'] ?? 0));
        found.energy += Number(report['totalAudioEnergy'] ?? 0);
        found.frames += Number(report['framesDecoded'] ?? 0);
      }
      const pair = report['type'] === 'transport' ? all.get(String(report['selectedCandidatePairId'])) : undefined;
      if (pair) {
        const kind = (id: unknown): string => String(all.get(String(id))?.['candidateType'] ?? '');
        [found.local, found.remote] = [kind(pair['localCandidateId']), kind(pair['remoteCandidateId'])];
      }
    }
    return found;
  });
}

/** The loudest moment of a while. */
export async function loudest(page: Page): Promise<number> {
  let level = 0;
  await expect.poll(async () => (level = Math.max(level, (await received(page)).level)), { intervals: [100] }).toBeGreaterThan(0.01);
  return level;
}

/** Notes in the page when an attribute of an element has a value, in milliseconds since 1970. */
export async function noteWhen(page: Page, testId: string, attribute: string, value: string): Promise<() => Promise<number>> {
  await page.evaluate(
    ([id, name, wanted]) => {
      const store = window as unknown as { noted?: number };
      delete store.noted;
      const look = (): void => {
        if (store.noted === undefined && document.querySelector(`[data-testid="${id}"]`)?.getAttribute(name) === wanted) {
          store.noted = Date.now();
          observer.disconnect();
        }
      };
      const observer = new MutationObserver(look);
      observer.observe(document.body, { subtree: true, childList: true, attributes: true });
    },
    [testId, attribute, value] as const,
  );
  return async () => {
    await page.waitForFunction(() => (window as unknown as { noted?: number }).noted !== undefined);
    return page.evaluate(() => (window as unknown as { noted: number }).noted);
  };
}

/** A citizen in a talk, the helper who serves, and the page of the link. */
export class Booth {
  private constructor(
    readonly server: Server,
    readonly citizen: Citizen,
    readonly helper: Helper,
    readonly form: Page,
  ) {}

  static async open(browser: Browser, config?: string, options: BrowserContextOptions = {}): Promise<Booth> {
    const server = await Server.start(config);
    server.addHelper('小王');
    const citizen = await Citizen.arrive(browser, server.url);
    await citizen.ask('开公司要什么材料');
    await citizen.page.getByTestId('human-button').click();
    const helper = await Helper.logIn(browser, server.url, '小王');
    await prepare(helper.page);
    await helper.page.reload();
    await expect(helper.queue).toHaveCount(1);
    await helper.claim();
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const form = await context.newPage();
    await prepare(form);
    return new Booth(server, citizen, helper, form);
  }

  get desk(): Page {
    return this.helper.page;
  }

  /** The helper asks, and the citizen presses the link and its button. */
  async ask(kind: 'form' | 'screen'): Promise<void> {
    await this.desk.getByTestId('share-open').click();
    await this.desk.getByTestId(`share-kind-${kind}`).check();
    await this.desk.getByTestId('share-purpose').fill('帮您办理');
    await this.desk.getByTestId('share-send').click();
    const link = this.citizen.page.getByTestId('share-link').last();
    await this.form.goto((await link.getAttribute('href')) ?? '');
    await this.form.locator('#open').click();
  }

  /** A form that is looked at. */
  async share(): Promise<void> {
    await this.ask('form');
    await this.form.waitForURL(/\/forms\/enterprise/);
    await this.form.getByTestId('consent-yes').click();
    await expect(this.desk.getByTestId('share-panel')).toHaveAttribute('data-shown', 'true');
  }

  /** The helper asks to speak, and the citizen agrees. */
  async call(): Promise<void> {
    await this.desk.getByTestId('call-ask-voice').click();
    await expect(this.desk.getByTestId('call-voice')).toHaveAttribute('data-phase', 'asking');
    await expect(this.form.getByTestId('consent')).toHaveAttribute('data-scope', 'voice');
    await this.form.getByTestId('consent-yes').click();
  }

  async phase(media: 'voice' | 'screen', phase: string): Promise<void> {
    await expect(this.desk.getByTestId(`call-${media}`)).toHaveAttribute('data-phase', phase, { timeout: 25_000 });
  }

  async close(): Promise<void> {
    await this.server.stop();
  }
}

/** coturn on this machine alone, with a configuration of its own. */
export class Turn {
  private constructor(
    private readonly child: ChildProcess,
    private readonly place: string,
    readonly url: string,
    readonly log: () => string,
  ) {}

  static async start(secret: string): Promise<Turn> {
    const program = ['/usr/bin/turnserver', '/usr/local/bin/turnserver'].find((path) => existsSync(path));
    if (program === undefined) throw new Error('coturn is missing: run scripts/setup-tests.sh');
    const place = await mkdtemp(join(tmpdir(), 'yikouwen-turn-'));
    const port = await freePort();
    const config = [
      `listening-port=${port}`,
      'listening-ip=127.0.0.1',
      'relay-ip=127.0.0.1',
      'allow-loopback-peers',
      'cli-password=not used here',
      'no-cli',
      'no-tls',
      'no-dtls',
      'fingerprint',
      'realm=city.example',
      'use-auth-secret',
      `static-auth-secret=${secret}`,
      'log-file=stdout',
      'simple-log',
      'verbose',
      `pidfile=${join(place, 'pid')}`,
      `userdb=${join(place, 'db')}`,
    ];
    const file = join(place, 'turnserver.conf');
    await writeFile(file, `${config.join('\n')}\n`);
    const child = spawn(program, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const hear = (bytes: Buffer): void => {
      said += bytes.toString();
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    await expect.poll(() => /TCP listener opened on/.test(said) || child.exitCode !== null, { timeout: 10_000 }).toBe(true);
    if (child.exitCode !== null) throw new Error(`coturn did not start:\n${said}`);
    return new Turn(child, place, `turn:127.0.0.1:${port}`, () => said);
  }

  config(secret: string): string {
    return `[assist.turn]\nurls = ["${this.url}"]\nsecret = "${secret}"\n`;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      const gone = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await gone;
    }
    await rm(this.place, { recursive: true, force: true });
  }
}
