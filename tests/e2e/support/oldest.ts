import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { brotliDecompressSync } from 'node:zlib';

/** The engine of DingTalk on Android: its user agent says Chrome/69.0.3497.100 (UWS/3.22), in 2023 as in 2025. */
const PACKED = resolve(import.meta.dirname, '../node_modules/chrome-aws-lambda/bin/chromium-69.0.3494.0.br');

interface Answer {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** Chromium 69, spoken to over a pipe, since today's clients ask for what it does not know. One page, one session. */
export class Oldest {
  /** What went wrong in the page. */
  readonly complaints: string[] = [];
  private next = 0;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private session = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly home: string,
  ) {}

  static async launch(agent: string, viewport: { width: number; height: number }): Promise<Oldest> {
    const home = await mkdtemp(join(tmpdir(), 'yikouwen-oldest-'));
    const program = await unpacked();
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--no-zygote', '--single-process', '--lang=zh-CN', '--remote-debugging-pipe'];
    const child = spawn(program, [...flags, `--user-data-dir=${home}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const oldest = new Oldest(child, home);
    oldest.listen();
    const { targetId } = await oldest.browser('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await oldest.browser('Target.attachToTarget', { targetId });
    oldest.session = String(sessionId);
    await oldest.send('Runtime.enable');
    await oldest.send('Page.enable');
    await oldest.send('Network.enable');
    await oldest.send('Network.setUserAgentOverride', { userAgent: agent });
    await oldest.send('Emulation.setDeviceMetricsOverride', { ...viewport, deviceScaleFactor: 1, mobile: true });
    return oldest;
  }

  async goto(url: string): Promise<void> {
    await this.send('Page.navigate', { url });
  }

  /** What an expression is worth in the page; a promise is waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: { text: string } };
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return result.value;
  }

  async picture(path: string): Promise<void> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    await writeFile(path, Buffer.from(String(data), 'base64'));
  }

  async close(): Promise<void> {
    const gone = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await gone;
    await rm(this.home, { recursive: true, force: true });
  }

  private listen(): void {
    let rest = '';
    (this.child.stdio[4] as Readable).setEncoding('utf8').on('data', (piece: string) => {
      const parts = (rest + piece).split('\0');
      rest = parts.pop() ?? '';
      for (const part of parts) this.hear(JSON.parse(part) as Answer);
    });
  }

  private hear(answer: Answer): void {
    if (answer.method === 'Target.receivedMessageFromTarget') this.hear(JSON.parse(String(answer.params?.['message'])) as Answer);
    else if (answer.method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(answer.params));
    else if (answer.id !== undefined) this.waiting.get(answer.id)?.(answer);
  }

  private send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.next;
    const message = JSON.stringify({ id, method, params });
    const done = this.answer(id, method);
    void this.browser('Target.sendMessageToTarget', { sessionId: this.session, message });
    return done;
  }

  private browser(method: string, params: object): Promise<Record<string, unknown>> {
    const id = ++this.next;
    const done = this.answer(id, method);
    (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params })}\0`);
    return done;
  }

  private answer(id: number, method: string): Promise<Record<string, unknown>> {
    return new Promise((done, failed) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error) failed(new Error(`${method}: ${error.message}`));
        else done(result ?? {});
      });
    });
  }
}

/** Unpacks the program once; beside the package, so that it goes when the package goes. */
async function unpacked(): Promise<string> {
  const program = PACKED.replace(/\.br$/, '');
  if (!existsSync(program)) {
    const fresh = `${program}.${process.pid}`;
    await writeFile(fresh, brotliDecompressSync(await readFile(PACKED)));
    await chmod(fresh, 0o755);
    await rename(fresh, program);
  }
  return program;
}
