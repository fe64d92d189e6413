/** `1 host`, `3 hosts`, `0 hosts`. */
export const countText = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Commands that stay behind: `1 command was not sent`. */
export const unsentText = (count: number): string =>
  `${countText(count, 'command')} ${count === 1 ? 'was' : 'were'} not sent`;
