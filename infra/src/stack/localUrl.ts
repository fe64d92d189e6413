/** Where a part of the local stack that speaks HTTP is reached. */
export const localUrl = (port: number): string => `http://127.0.0.1:${String(port)}`;
