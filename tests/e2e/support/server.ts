import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const program = resolve(process.env.YIKOUWEN_BIN ?? resolve(import.meta.dirname, '../../../target/ci/yikouwen'));

// No limits, because a test asks faster than people do; no model, because answers must be the same each time.
const environment = {
  ...process.env,
  YIKOUWEN__LIMITS__PER_CITIZEN: '0',
  YIKOUWEN__LIMITS__PER_ADDRESS: '0',
  OPENAI_API_KEY: undefined,
  OPENAI_BASE_URL: undefined,
};

export const PASSWORD = 'a long password for tests';

/** A message as the export writes it. */
export interface ExportedMessage {
  seq: number;
  id: string;
  author: string;
  text: string;
}

export interface ExportedConversation {
  id: string;
  stage: string;
  rating?: { score: number; comment?: string };
  messages: ExportedMessage[];
}

/** A server process with data of its own, at an address that stays the same over restarts. */
export class Server {
  private child: ChildProcess | undefined;
  /** Its last words, for the report of a failed start. */
  private said: string[] = [];

  private constructor(
    private readonly port: number,
    private readonly data: string,
    private readonly config: string | undefined,
  ) {}

  /** The configuration may depend on the address at which the server will be. */
  static async start(config?: string | ((url: string) => string)): Promise<Server> {
    const data = await mkdtemp(join(tmpdir(), 'yikouwen-e2e-'));
    const file = config === undefined ? undefined : join(data, 'test.toml');
    const server = new Server(await freePort(), data, file);
    if (file !== undefined && config !== undefined) {
      await writeFile(file, typeof config === 'string' ? config : config(server.url));
    }
    await server.launch();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the process again where it was. */
  async launch(): Promise<void> {
    const config = this.config === undefined ? [] : ['--config', this.config];
    const child = spawn(
      program,
      ['serve', '--demo', '--listen', `127.0.0.1:${this.port}`, '--data', this.data, ...config],
      { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.child = child;
    this.said = [];
    await new Promise<void>((ready, failed) => {
      const ended = (): void => failed(new Error(`the server did not start:\n${this.said.join('\n')}`));
      child.once('error', failed);
      child.once('exit', ended);
      // Both streams are read to the end, so that a full pipe never stops the server.
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.said.push(line);
        if (!line.startsWith('listening on ')) return;
        child.off('exit', ended);
        ready();
      });
      createInterface({ input: child.stderr }).on('line', (line) => this.said.push(line));
    });
  }

  /** `kill -9`: nothing gets to say goodbye. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** The end of a test; the data go with it. */
  async stop(): Promise<void> {
    await this.end('SIGKILL');
    await rm(this.data, { recursive: true, force: true });
  }

  addHelper(name: string, role = 'responder'): void {
    this.run('helper', 'add', name, '--password', PASSWORD, '--role', role);
  }

  exportConversations(): ExportedConversation[] {
    const lines = this.run('export', '--conversations').trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ExportedConversation);
  }

  /** All that is written down anywhere: what was logged, and every file of the data, as they lie there. */
  async left(): Promise<Buffer> {
    const files = await readdir(this.data, { recursive: true, withFileTypes: true });
    const read = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name)));
    return Buffer.concat([Buffer.from(this.said.join('\n')), ...(await Promise.all(read))]);
  }

  private run(...command: string[]): string {
    const done = spawnSync(program, [...command, '--data', this.data], { env: environment, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`yikouwen ${command.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

/** A port that is free now; a server could pick one itself, but not the same one again after a kill. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
