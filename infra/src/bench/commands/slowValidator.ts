import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** As long as a registration may have the gateway wait, milliseconds. */
export const VALIDATOR_TAKES_MS = 30_000;

/** A remote validator that approves of everything, half a minute later. */
export class SlowValidator {
  readonly #server: Server;
  #asked = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#asked++;
      request.resume();
      const answer = (): void => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('{"verdict":"approved"}');
      };
      setTimeout(answer, VALIDATOR_TAKES_MS).unref();
    });
  }

  static async start(): Promise<SlowValidator> {
    const validator = new SlowValidator();
    await new Promise<void>((resolve) => {
      validator.#server.listen(0, '127.0.0.1', resolve);
    });
    return validator;
  }

  /** `host:port`, as an operator allows it. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get asked(): number {
    return this.#asked;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
