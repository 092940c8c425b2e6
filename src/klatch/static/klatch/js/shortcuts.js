// Keys that work anywhere on the page. What a key means is decided in keys.js; here it is done.
import { client } from "#klatch/client.js";
import { togglePanel } from "#klatch/components/room-view.js";
import { shortcut } from "#klatch/keys.js";
import { singleKeys } from "#klatch/preferences.js";
import { sections } from "#klatch/rooms.js";

/** @param {EventTarget|null} target */
const writes = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function listen() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const what = shortcut(event, {
      writing: writes(event.target), dialog: !!document.querySelector("dialog[open], [popover]:popover-open"), single: singleKeys.value.peek(),
    });
    if (what && act(what)) event.preventDefault();
  });
}

/** The message that the keyboard or the pointer is on. */
function message() {
  const focused = document.activeElement?.closest("article[data-position]");
  const article = /** @type {HTMLElement|null} */ (focused ?? document.querySelector("article.hot[data-position]"));
  const visit = client.visit.peek();
  const found = visit && article && visit.room.window.peek().messages.find((m) => String(m.position) === article.dataset.position);
  return found && visit && article ? { message: found, visit, article } : null;
}

/** @param {import("#klatch/keys.js").Shortcut} what @returns {boolean} whether anything was done */
function act(what) {
  const at = message(), you = client.store.you.peek().id;
  switch (what) {
    case "switcher":
      client.dialog.value = client.dialog.peek()?.kind === "switcher" ? null : { kind: "switcher" };
      return true;
    case "help":
      client.dialog.value = { kind: "help" };
      return true;
    case "compose":
      client.focusComposer();
      return true;
    case "search":
      if (!client.visit.peek()) return false;
      if (client.panel.peek() !== "search") togglePanel("search");
      else /** @type {HTMLElement|null} */ (document.querySelector(".panel input[type=search]"))?.focus();
      return true;
    case "next-unread": {
      const next = sections(client.store.rooms.peek().values(), you).unread.find((r) => r !== client.visit.peek()?.room);
      if (next) client.open(next.info.peek());
      return !!next;
    }
  }
  if (!at || at.message.deleted) return false;
  switch (what) {
    case "reply":
      client.replyTo(at.message, at.visit.room.id);
      return true;
    case "edit":
      if (at.message.author?.id !== you) return false;
      client.editing.value = at.message.id;
      return true;
    case "react":
      /** @type {HTMLElement|null} */ (at.article.querySelector(".tools button"))?.click();
      return true;
    case "unread-here":
      void client.try(at.visit.unreadFrom(at.message.position));
      return true;
  }
  return false;
}
