// What every component is written with: htm bound to Preact, and a component that draws again only when its input changed.
import { Component, h } from "preact";
import htm from "htm";

export const html = htm.bind(h);

/**
 * @template P @param {(props: P) => any} draw
 * @returns {any} a component that skips drawing while every prop stays the same
 */
export function memo(draw) {
  return class extends Component {
    /** @param {any} next */
    shouldComponentUpdate(next) {
      const now = /** @type {any} */ (this.props);
      for (const key in next) if (key !== "children" && next[key] !== now[key]) return true;
      for (const key in now) if (!(key in next)) return true;
      return false;
    }

    render() {
      return html`<${draw} ...${this.props} />`;
    }
  };
}
