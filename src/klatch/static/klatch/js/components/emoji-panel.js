// The small panel of emoji: recent ones first.
import { html } from "#klatch/components/html.js";
import { Popover } from "#klatch/components/overlays.js";
import { EMOJI, emojiName, recentEmoji, usedEmoji } from "#klatch/emoji.js";
import { gettext } from "#klatch/i18n.js";

/** @param {{anchor: Element|null, onclose: () => void, onpick: (sign: string) => void}} props */
export function EmojiPanel({ anchor, onclose, onpick }) {
  const recent = recentEmoji();
  const pick = (/** @type {string} */ sign) => {
    usedEmoji(sign);
    onclose();
    onpick(sign);
  };
  const button = (/** @type {string} */ sign) => html`<button type="button" class="emoji" key=${sign} title=${emojiName(sign)}
    aria-label=${[...new Set([sign, emojiName(sign)])].join(" ")} onClick=${() => pick(sign)}>${sign}</button>`;
  return html`<${Popover} anchor=${anchor} onclose=${onclose} label=${gettext("Emoji")} class="emoji-panel">
    ${recent.length ? html`<h3>${gettext("Used lately")}</h3><div class="emoji-grid">${recent.map(button)}</div>` : null}
    <h3>${gettext("Emoji")}</h3>
    <div class="emoji-grid" data-columns="8">${EMOJI.map(([sign]) => button(sign))}</div>
  </${Popover}>`;
}
