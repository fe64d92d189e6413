/** What a command is told of its end. */
export type Finish = (exitCode: number) => void;
