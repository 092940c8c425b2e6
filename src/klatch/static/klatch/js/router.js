// Which page is shown: the address below the mount, forwards and backwards. Knows addresses only.
import { signal } from "@preact/signals-core";

/** @typedef {{slug: string, position: number|null, browse: boolean}} Route */

/** @param {string} base @param {string} path @param {string} search @returns {Route|null} null: not one of ours */
export function parse(base, path, search) {
  if (!path.startsWith(base)) return null;
  const [slug, position, ...rest] = path.slice(base.length).split("/").filter(Boolean);
  if (rest.length || (position !== undefined && !/^\d+$/.test(position)) || slug === "i18n.js") return null;
  return {
    slug: slug ? decodeURIComponent(slug) : "", position: position ? Number(position) : null,
    browse: new URLSearchParams(search).has("browse"),
  };
}

export class Router {
  /** @param {string} base the address of the directory, with a slash at its end */
  constructor(base) {
    this.base = base;
    this.route = signal(/** @type {Route} */ ({ slug: "", position: null, browse: false }));
    /** Counts arrivals, so that the same permalink can be followed twice. */
    this.visit = signal(0);
  }

  /** @param {string} [slug] @param {number|null} [position] */
  href(slug = "", position = null) {
    if (!slug) return this.base;
    return `${this.base}${encodeURIComponent(slug)}/${position ? `${position}/` : ""}`;
  }

  get browseHref() {
    return `${this.base}?browse`;
  }

  start() {
    this.#arrive();
    addEventListener("popstate", () => this.#arrive());
    document.addEventListener("click", (event) => this.#clicked(event));
  }

  /** @param {string} href @param {{replace?: boolean}} [how] */
  go(href, { replace = false } = {}) {
    const same = new URL(href, location.href).href === location.href;
    history[replace || same ? "replaceState" : "pushState"](null, "", href);
    this.#arrive();
  }

  #arrive() {
    const route = parse(this.base, location.pathname, location.search);
    if (!route) return location.reload();
    this.visit.value += 1;
    this.route.value = route;
  }

  /** Follows our own links without loading a page. @param {MouseEvent} event */
  #clicked(event) {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
    if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
    if (!parse(this.base, link.pathname, link.search)) return;
    event.preventDefault();
    this.go(link.href);
  }
}
