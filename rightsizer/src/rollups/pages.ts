type Page<Row> = readonly Row[];

interface Given<Row> {
  readonly page: Page<Row>;
  answer(isTaken: boolean): void;
}

/** The reader of pages has gone. */
export class PagesUnwanted extends Error {
  override readonly name = 'PagesUnwanted';
}

/**
 * Turns work that hands out pages while it holds something open into a generator. The work waits until
 * each page was taken; when the reader stops early it is told by PagesUnwanted, and waited for.
 */
export async function* pagesOf<Row>(
  work: (give: (page: Page<Row>) => Promise<void>) => Promise<void>,
): AsyncGenerator<Page<Row>> {
  const desk: { given: Given<Row> | null; isDone: boolean; isOpen: boolean; wake: () => void } = {
    given: null,
    isDone: false,
    isOpen: true,
    wake: () => undefined,
  };
  const give = (page: Page<Row>): Promise<void> =>
    new Promise((resolve, reject) => {
      if (!desk.isOpen) {
        reject(new PagesUnwanted());
        return;
      }
      const answer = (isTaken: boolean): void =>
        isTaken ? resolve() : reject(new PagesUnwanted());
      desk.given = { page, answer };
      desk.wake();
    });
  const running = work(give).finally(() => {
    desk.isDone = true;
    desk.wake();
  });
  // The reader is told below, when it has taken what came before.
  running.catch(() => undefined);
  try {
    for (;;) {
      if (desk.given === null && !desk.isDone) {
        await new Promise<void>((resolve) => (desk.wake = resolve));
      }
      const { given } = desk;
      if (given === null) break;
      yield given.page;
      desk.given = null;
      given.answer(true);
    }
    await running;
  } finally {
    desk.isOpen = false;
    desk.given?.answer(false);
    await running.catch(() => undefined);
  }
}
