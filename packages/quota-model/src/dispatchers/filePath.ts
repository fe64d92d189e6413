/** Of a file's path below the application's folder, characters. */
const PATH_LENGTH_MAX = 255;
const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** A path that stays below the folder that the operator gives an application. */
export function filePathFault(path: string): string | null {
  const isPath =
    path.length <= PATH_LENGTH_MAX && path.split('/').every((segment) => SEGMENT.test(segment));
  return isPath
    ? null
    : "A file's path is relative: names of letters, digits, . _ -, that begin with none of . and -, with / between.";
}
