// Line icons, drawn in the current colour. Always hidden from screen readers: the button beside them has the words.
import { html } from "#klatch/components/html.js";

const PATHS = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
  people: "M9 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM3 20c0-3.5 2.5-6 6-6s6 2.5 6 6M16 5a3.5 3.5 0 0 1 0 6.5M18 14.5c2 .8 3 2.8 3 5.5",
  info: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5M12 7.8v.2",
  plus: "M12 5v14M5 12h14",
  send: "M5 12h13M13 6l6 6-6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  smile: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM8.5 14.2c.8 1.3 2 2 3.5 2s2.7-.7 3.5-2M9 9.5v.3M15 9.5v.3",
  reply: "M9 7l-5 5 5 5M4 12h10a6 6 0 0 1 6 6v1",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  edit: "M4 20l1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19z",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 12.5h8L17 7",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  copy: "M9 9h10v11H9zM15 9V4H5v11h4",
  at: "M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM15.5 8.5V13c0 3 5 3 5-1a8.5 8.5 0 1 0-3.5 6.9",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  mark: "M5 12.5l4.5 4.5L19 7.5",
  write: "M4 5h9M4 5v15l4-3h12v-5M15 8l5-5 1.5 1.5-5 5H15z",
  invite: "M10 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM4 20c0-3.5 2.5-6 6-6 1.5 0 2.8.4 3.8 1.2M18 14v6M15 17h6",
  dots: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  compass: "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM15.5 8.5l-2 5-5 2 2-5z",
  keyboard: "M3 7h18v10H3zM7 10.5h.01M10.5 10.5h.01M14 10.5h.01M17.5 10.5h.01M8 14h8",
  out: "M10 4H5v16h5M9 12h11M16 8l4 4-4 4",
  account: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c.4-4 3.3-6 7.5-6s7.1 2 7.5 6",
  unread: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
  warn: "M12 4.5L21 19.5H3zM12 10v4.5M12 17v.1",
};

/** @param {{name: keyof typeof PATHS}} props */
export function Icon({ name }) {
  return html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width=${name === "more" || name === "dots" ? 3 : 1.9}
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" class=${/^(back|send|reply|out)$/.test(name) ? "flips" : ""}><path d=${PATHS[name]} /></svg>`;
}

export const Cup = () => html`<svg viewBox="0 0 26 26" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"
  stroke-linecap="round" aria-hidden="true" class="cup"><path d="M4 9h14v6a6 6 0 0 1-6 6h-1l-4 3v-3.6A6 6 0 0 1 4 15z" /><path d="M18 10.5h2a3 3 0 0 1 0 6h-2.2" />
  <path d="M8.5 5.5c0-1.5 1-1.5 1-3M13 5.5c0-1.5 1-1.5 1-3" /></svg>`;

/** A button that shows only an icon and says its words to those who cannot see it. @param {any} props */
export function IconButton({ icon, label, class: extra = "", title = label, ...rest }) {
  return html`<button type="button" class=${`icon ${extra}`} aria-label=${label} title=${title} ...${rest}><${Icon} name=${icon} /></button>`;
}
