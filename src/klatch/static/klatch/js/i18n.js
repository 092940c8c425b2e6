// Words: Django's JavaScript catalog, with the English words themselves where it is missing.

/** @type {any} */
const catalog = globalThis;

/** @param {string} words @returns {string} */
export const gettext = (words) => (catalog.django?.gettext ? catalog.django.gettext(words) : words);

/** @param {string} context @param {string} words @returns {string} */
export const pgettext = (context, words) => (catalog.django?.pgettext ? catalog.django.pgettext(context, words) : words);

/** @param {string} one @param {string} many @param {number} n @returns {string} */
export const ngettext = (one, many, n) =>
  catalog.django?.ngettext ? catalog.django.ngettext(one, many, n) : n === 1 ? one : many;

/** Fills `%(name)s` in. @param {string} words @param {Record<string, string|number>} values @returns {string} */
export const fill = (words, values) => words.replace(/%\((\w+)\)[sd]/g, (_all, name) => String(values[name] ?? ""));

/**
 * A sentence of the server, which speaks English. The catalog has those of our own, a number in one as `%(n)s`.
 * @param {string} words @returns {string}
 */
export function heard(words) {
  const n = /\d+/.exec(words)?.[0];
  return n === undefined ? gettext(words) : fill(gettext(words.replace(n, "%(n)s")), { n });
}

/** @returns {string} the page's language */
export const language = () => globalThis.document?.documentElement.lang || "en";

/** The reader's own variety of the page's language, for times and numbers: en-GB on a page in English. @returns {string} */
export function locale() {
  const page = language(), root = page.split("-")[0];
  return globalThis.navigator?.languages?.find((tag) => tag === page || (root === page && tag.split("-")[0] === root)) ?? page;
}
