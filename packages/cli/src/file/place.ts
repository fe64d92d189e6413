/** Where something stands in a file; lines and columns from 1, as editors count. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export const placeText = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

/** Something wrong, and where. */
export interface FileFault {
  readonly place: Place;
  readonly message: string;
}
