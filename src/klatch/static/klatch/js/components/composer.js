// Where messages are written: draft, completion, reply, sending, the line of who types.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { asked, filled, findPeople } from "#klatch/complete.js";
import { Completions } from "#klatch/components/completions.js";
import { EmojiPanel } from "#klatch/components/emoji-panel.js";
import { html } from "#klatch/components/html.js";
import { IconButton, Icon } from "#klatch/components/icons.js";
import { grow, touch } from "#klatch/components/textarea.js";
import { findEmoji } from "#klatch/emoji.js";
import { personName, roomTitle, typingLine } from "#klatch/format.js";
import { fill, gettext } from "#klatch/i18n.js";
import { composerKey } from "#klatch/keys.js";
/** @typedef {import("#klatch/room.js").Room} Room */
/** @typedef {import("#klatch/components/completions.js").Choice} Choice */

const TYPING_EVERY_MS = 3000;

/** @param {{room: Room}} props */
export function Composer({ room }) {
  const { store, drafts, outbox, socket } = client;
  const info = room.info.value, you = store.you.value.id;
  const ref = useRef(/** @type {any} */ (null)), typed = useRef(0), emojiButton = useRef(/** @type {any} */ (null));
  const [text, setText] = useState(() => drafts.get(room.id));
  const [choices, setChoices] = useState(/** @type {Choice[]} */ ([]));
  const [at, setAt] = useState(0);
  const [emoji, setEmoji] = useState(false);
  const reply = client.replying.value.get(room.id) ?? null;
  const name = (info.kind === "direct" ? "" : "#") + roomTitle(info, you);

  useLayoutEffect(() => {
    ref.current.value = text;
    grow(ref.current);
    const focus = () => ref.current?.focus();
    client.focusComposer = focus;
    if (!touch() && !document.querySelector("dialog[open]")) focus();
    return () => {
      if (client.focusComposer === focus) client.focusComposer = () => {};
    };
  }, []);
  useEffect(() => drafts.set(room.id, text), [text]);

  /** @param {string} value @param {number} [caret] */
  const put = (value, caret) => {
    ref.current.value = value;
    setText(value);
    grow(ref.current);
    ref.current.focus();
    if (caret !== undefined) ref.current.setSelectionRange(caret, caret);
    offer();
  };
  const offer = async () => {
    const el = ref.current, wanted = el.selectionStart === el.selectionEnd ? asked(el.value, el.selectionStart) : null;
    setAt(0);
    if (!wanted) return setChoices([]);
    if (wanted.kind === "emoji") {
      return setChoices(findEmoji(wanted.q).map(({ sign, name: word }) => ({ key: sign, insert: sign, sign, label: `:${word}:`, asked: wanted })));
    }
    await client.loadMembers(room).catch(() => { /* offline: whom is known is offered */ });
    const people = room.members.peek() ? [...(room.members.peek() ?? new Map()).values()].map((m) => m.user) : info.people ?? [];
    setChoices(findPeople(people, wanted.q).map((user) =>
      ({ key: String(user.id), insert: `@${user.username}`, user, label: personName(user), asked: wanted })));
  };
  /** @param {Choice} choice */
  const pick = (choice) => {
    const done = filled(ref.current.value, choice.asked, choice.insert);
    setChoices([]);
    put(done.text, done.caret);
  };
  const send = () => {
    const body = ref.current.value.trim();
    if (!body) return;
    if (body.length > store.limits.body) return client.say(fill(gettext("That is too long: at most %(n)s characters."), { n: store.limits.body }));
    outbox.write(room.id, body, reply);
    client.replyTo(null, room.id);
    typed.current = 0;
    put("");
    void client.visit.peek()?.toEnd();
  };
  const input = () => {
    const el = ref.current;
    setText(el.value);
    grow(el);
    void offer();
    if (el.value.trim() && Date.now() - typed.current > TYPING_EVERY_MS) {
      typed.current = Date.now();
      socket.tell("typing", { room: room.id });
    }
  };
  const key = (/** @type {KeyboardEvent} */ e) => {
    const what = composerKey(e, { touch: touch(), empty: !ref.current.value, menu: choices.length > 0 });
    if (!what) return;
    if (what === "close") {
      if (choices.length) setChoices([]);
      else if (reply) client.replyTo(null, room.id);
      else return;
    } else if (what === "edit-last") {
      if (!editLast(room, you)) return;
    } else if (what === "send") send();
    else if (what === "pick") pick(choices[at]);
    else setAt((at + (what === "next" ? 1 : choices.length - 1)) % choices.length);
    e.preventDefault();
  };
  const insert = (/** @type {string} */ sign) => {
    const el = ref.current, start = el.selectionStart, end = el.selectionEnd;
    const before = el.value.slice(0, start), gap = sign === "@" && before && !/\s$/.test(before) ? " " : "";
    put(before + gap + sign + el.value.slice(end), start + gap.length + sign.length);
  };

  return html`<div class="compose">
    <${Typing} room=${room} />
    <form class="composer" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}>
      ${choices.length ? html`<${Completions} choices=${choices} at=${at} onpick=${pick} />` : null}
      ${reply ? html`<div class="replying"><${Icon} name="reply" /><p><b>${personName(reply.author)}</b> <span dir="auto">${reply.excerpt}</span></p>
        <${IconButton} icon="close" class="mini" label=${gettext("Do not reply to this")} onClick=${() => client.replyTo(null, room.id)} /></div>` : null}
      <textarea ref=${ref} rows="1" dir="auto" aria-label=${fill(gettext("Message %(name)s"), { name })} placeholder=${fill(gettext("Message %(name)s"), { name: short(name) })}
        enterkeyhint=${touch() ? "enter" : "send"} aria-autocomplete="list" aria-controls=${choices.length ? "completions" : undefined}
        aria-activedescendant=${choices.length ? `completion-${at}` : undefined}
        onInput=${input} onKeyDown=${key} onClick=${() => offer()} onBlur=${() => setTimeout(() => document.activeElement !== ref.current && setChoices([]), 150)} />
      <div class="composer-row">
        <span ref=${emojiButton}><${IconButton} icon="smile" label=${gettext("Emoji")} aria-expanded=${emoji} onClick=${() => setEmoji(!emoji)} /></span>
        <${IconButton} icon="at" label=${gettext("Mention somebody")} onClick=${() => insert("@")} />
        <span class="composer-hint" aria-hidden="true">${text && !touch() ? html`<kbd>Enter</kbd> ${gettext("sends")} · <kbd>Shift Enter</kbd> ${gettext("breaks the line")}` : ""}</span>
        <button class="send" aria-label=${gettext("Send")} title=${gettext("Send")} disabled=${!text.trim()}><${Icon} name="send" /></button>
      </div>
      ${emoji ? html`<${EmojiPanel} anchor=${emojiButton.current} onclose=${() => setEmoji(false)} onpick=${insert} />` : null}
    </form></div>`;
}

/** A name that fits into one line of a narrow composer. @param {string} name */
function short(name) {
  const signs = [...name];
  return signs.length > 28 ? `${signs.slice(0, 27).join("")}…` : name;
}

/** @param {{room: Room}} props */
function Typing({ room }) {
  const names = [...room.typing.value.values()].map(({ user }) => personName(user));
  return html`<p class="typing" aria-live="off">${typingLine(names)}</p>`;
}

/** @param {Room} room @param {number} you @returns {boolean} */
function editLast(room, you) {
  const mine = room.window.peek().messages.findLast((m) => m.author?.id === you && !m.deleted);
  if (mine) client.editing.value = mine.id;
  return !!mine;
}
