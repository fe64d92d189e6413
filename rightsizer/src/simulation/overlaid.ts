/** Another in its place, which differs in what is given; what is its own stays behind it. */
export function overlaid<Whole extends object>(whole: Whole, changes: Partial<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      const own: unknown =
        name in changes ? changes[name as keyof Whole] : Reflect.get(target, name, target);
      return typeof own === 'function'
        ? (own as (...given: unknown[]) => unknown).bind(target)
        : own;
    },
  });
}
