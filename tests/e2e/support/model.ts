import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';

/** What a model does with a question. */
export type Mood =
  /** It writes this, a piece every few milliseconds, and ends. */
  | { writes: string }
  /** It writes this, and then nothing more. */
  | { stallsAfter: string };

/** An OpenAI-compatible server that behaves as it is told. */
export class Model {
  mood: Mood = { stallsAfter: '' };
  /** How many questions it got. */
  asked = 0;
  /** How many of them were taken back before it had answered. */
  cancelled = 0;
  private gone = false;

  private constructor(
    private readonly http: HttpServer,
    readonly url: string,
  ) {
    http.on('request', (request, response) => void this.answer(request, response));
  }

  static async listen(): Promise<Model> {
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const address = http.address();
    if (address === null || typeof address === 'string') throw new Error('no address');
    return new Model(http, `http://127.0.0.1:${address.port}/v1`);
  }

  /** What the server has to know. */
  config(): string {
    return `[model]\nbase_url = "${this.url}"\nmodel = "scripted"\napi_key = "sk-test"\n`;
  }

  /** From now on nobody listens here. */
  async goAway(): Promise<void> {
    if (this.gone) return;
    this.gone = true;
    const closed = once(this.http, 'close');
    this.http.close();
    this.http.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { mood } = this;
    this.asked += 1;
    let left = false;
    response.on('close', () => {
      if (response.writableFinished) return;
      left = true;
      this.cancelled += 1;
    });
    request.resume();
    await once(request, 'end');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    const send = (chunk: object): void => void response.write(`data: ${JSON.stringify({ choices: [chunk] })}\n\n`);
    const text = 'writes' in mood ? mood.writes : mood.stallsAfter;
    // In pieces that cut words, as models do.
    for (const piece of text.match(/[\s\S]{1,4}/gu) ?? []) {
      send({ index: 0, delta: { content: piece } });
      await pause(10);
    }
    if ('writes' in mood) {
      send({ index: 0, delta: {}, finish_reason: 'stop' });
      response.end('data: [DONE]\n\n');
      return;
    }
    while (!left) {
      // Signs of life are no words.
      response.write(': keep-alive\n\n');
      await pause(100);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
