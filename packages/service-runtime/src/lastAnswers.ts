import type { Request, RequestHandler, Response } from 'express';

/**
 * The answers of a server that is about to end: each says `Connection: close`, those under way included,
 * so that callers let go of connections by themselves and send nothing more into them.
 */
export class LastAnswers {
  readonly #underWay = new Set<Response>();
  #hasBegun = false;

  readonly handler: RequestHandler = (_request: Request, response, next) => {
    this.#underWay.add(response);
    response.once('close', () => this.#underWay.delete(response));
    if (this.#hasBegun) letGo(response);
    next();
  };

  /** From now on every answer whose head is not sent yet is its connection's last. */
  begin(): void {
    this.#hasBegun = true;
    for (const response of this.#underWay) letGo(response);
  }
}

function letGo(response: Response): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}
