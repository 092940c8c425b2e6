// One message in the log, with its tools; pending ones, too. Draws; what a tool does is the client's.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { EditBox } from "#klatch/components/edit-box.js";
import { Face } from "#klatch/components/face.js";
import { html, memo } from "#klatch/components/html.js";
import { Tools } from "#klatch/components/tools.js";
import { clock, fullTime, personName } from "#klatch/format.js";
import { emojiName } from "#klatch/emoji.js";
import { fill, gettext } from "#klatch/i18n.js";
/** @import {Message, Pending, Quote, Reaction} from "#klatch/types.js" */

/**
 * @typedef {{message: Message, first: boolean, hot: boolean, current: boolean, marked: boolean, editing: boolean,
 *   room: import("#klatch/room.js").Room}} RowProps
 */

export const MessageRow = memo((/** @type {RowProps} */ { message, first, hot, current, marked, editing, room }) => {
  const who = personName(message.author);
  const tools = hot && !editing && !message.deleted && client.store.rooms.peek().has(room.id);
  return html`<article class=${`msg ${first ? "first" : ""} ${hot ? "hot" : ""} ${marked ? "marked" : ""}`} tabindex=${current ? 0 : -1}
      data-key=${message.client_id || `m${message.id}`} data-position=${message.position}>
    ${first ? html`<${Face} user=${message.author} large=${true} /><div class="by"><span class="who" dir="auto">${who}</span><${Time} message=${message} /></div>`
      : html`<span class="unseen">${who} </span><span class="gutter"><${Time} message=${message} /></span>`}
    <div class="body">
      ${message.reply_to ? html`<${QuoteLine} quote=${message.reply_to} room=${room} />` : null}
      ${message.deleted ? html`<p class="tombstone">${gettext("This message was deleted")}</p>`
        : editing ? html`<${EditBox} message=${message} />` : html`<${Text} message=${message} />`}
      ${message.reactions.length ? html`<${Reactions} message=${message} />` : null}
    </div>
    ${tools ? html`<${Tools} message=${message} room=${room} />` : null}
  </article>`;
});

/** @param {{message: Message}} props */
const Time = ({ message }) => html`<time datetime=${message.at} title=${fullTime(message.at)}>${clock(message.at)}</time>`;

/** @param {{quote: Quote, room: import("#klatch/room.js").Room}} props */
function QuoteLine({ quote, room }) {
  if (quote.deleted) return html`<p class="quote">${gettext("A deleted message")}</p>`;
  return html`<a class="quote" href=${client.router.href(room.info.value.slug, quote.position)}><b>${personName(quote.author)}</b> <span dir="auto">${quote.excerpt}</span></a>`;
}

/** The server's HTML is safe by construction; here links are opened beside, rooms become links, you stand out. @param {{message: Message}} props */
function Text({ message }) {
  const ref = useRef(/** @type {any} */ (null));
  const you = client.store.you.value.username;
  useLayoutEffect(() => decorate(ref.current, you), [message.html, you]);
  return html`<div class="text" dir="auto" ref=${ref} dangerouslySetInnerHTML=${{ __html: message.html }} />
    ${message.edited_at ? html`<span class="edited" title=${fullTime(message.edited_at)}>${gettext("edited")}</span>` : null}`;
}

/** @param {HTMLElement} el @param {string} you */
function decorate(el, you) {
  for (const link of el.querySelectorAll("a[href]")) {
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer nofollow");
  }
  for (const ref of el.querySelectorAll("span.room-ref")) {
    const slug = /** @type {HTMLElement} */ (ref).dataset.slug ?? "";
    if (!client.store.bySlug(slug)) continue;
    const link = document.createElement("a");
    link.className = "room-ref";
    link.href = client.router.href(slug);
    link.textContent = ref.textContent;
    ref.replaceWith(link);
  }
  for (const mention of el.querySelectorAll("span.mention")) {
    mention.classList.toggle("you", /** @type {HTMLElement} */ (mention).dataset.name?.toLowerCase() === you.toLowerCase());
  }
  for (const block of el.querySelectorAll("pre")) block.tabIndex = 0;
}

/** @param {{message: Message}} props */
function Reactions({ message }) {
  return html`<div class="reactions">${message.reactions.map((r) => html`<${ReactionButton} key=${r.emoji} reaction=${r} message=${message} />`)}</div>`;
}

/** @param {{reaction: Reaction, message: Message}} props */
function ReactionButton({ reaction, message }) {
  const you = client.store.you.value.id, mine = reaction.users.includes(you), n = reaction.users.length;
  const members = client.store.rooms.peek().get(message.room)?.members.value;
  const names = reaction.users.map((id) => (id === you ? gettext("you") : members?.get(id)?.user.name)).filter(Boolean);
  const label = fill(gettext("%(emoji)s, %(n)s"), { emoji: emojiName(reaction.emoji), n });
  return html`<button type="button" class=${`reaction ${mine ? "mine" : ""}`} aria-pressed=${mine} aria-label=${label} title=${names.join(", ") || label}
    onClick=${() => client.react(message, reaction.emoji)}>${reaction.emoji} <span>${n}</span></button>`;
}

/** @param {{pending: Pending, first: boolean, offline: boolean}} props */
export const PendingRow = memo((/** @type {any} */ { pending, first, offline }) => {
  const you = client.store.you.value;
  const failed = pending.state === "failed";
  const [asked, setAsked] = useState(false);
  const retry = () => {
    setAsked(true);
    client.outbox.retry(pending.client_id);
  };
  return html`<article class=${`msg pending ${first ? "first" : ""} ${failed ? "failed" : ""}`} data-key=${pending.client_id}>
    ${first ? html`<${Face} user=${you} large=${true} /><div class="by"><span class="who" dir="auto">${you.name || you.username}</span></div>` : html`<span class="unseen">${you.name} </span>`}
    <div class="body">
      ${pending.reply_to ? html`<p class="quote"><b>${personName(pending.reply_to.author)}</b> ${pending.reply_to.excerpt}</p>` : null}
      <div class="text plain" dir="auto">${pending.body}</div>
      ${failed ? html`<p class="failure" role="alert"><span>${pending.detail || gettext("This was not sent.")}</span>
          <button type="button" class="link" disabled=${asked && !failed} onClick=${retry}>${gettext("Try again")}</button>
          <button type="button" class="link" onClick=${() => client.outbox.discard(pending.client_id)}>${gettext("Discard")}</button></p>`
        : html`<span class="edited">${offline ? gettext("waits for the line") : gettext("sending…")}</span>`}
    </div></article>`;
});
