// Choosing people by typing a part of their names.
import { useEffect, useRef, useState } from "preact/hooks";
import { client, failureText } from "#klatch/client.js";
import { RowSkeleton } from "#klatch/components/cards.js";
import { Face } from "#klatch/components/face.js";
import { html } from "#klatch/components/html.js";
import { Icon } from "#klatch/components/icons.js";
import { personName } from "#klatch/format.js";
import { fill, gettext } from "#klatch/i18n.js";
/** @import {User} from "#klatch/types.js" */

/** @param {{chosen: User[], onchange: (people: User[]) => void, except?: Set<number>, label: string}} props */
export function PeoplePicker({ chosen, onchange, except = new Set(), label }) {
  const [q, setQ] = useState(""), [at, setAt] = useState(0), [error, setError] = useState("");
  const [found, setFound] = useState(/** @type {(User & {online: boolean})[]|null} */ (null));
  const input = useRef(/** @type {any} */ (null)), turn = useRef(0);
  useEffect(() => input.current?.focus(), []);
  useEffect(() => {
    const mine = ++turn.current;
    const timer = setTimeout(() => client.request("people", { q: q.trim() || null }).then(
      ({ people }) => {
        if (mine !== turn.current) return;
        setFound(people);
        setAt(0);
        setError("");
      }, (e) => mine === turn.current && setError(failureText(e))), q ? 180 : 0);
    return () => clearTimeout(timer);
  }, [q]);
  const you = client.store.you.value.id;
  const offered = (found ?? []).filter((p) => p.id !== you && !except.has(p.id) && !chosen.some((c) => c.id === p.id)).slice(0, 30);
  const take = (/** @type {User|undefined} */ user) => {
    if (!user) return;
    onchange([...chosen, user]);
    setQ("");
    input.current?.focus();
  };
  const drop = (/** @type {User} */ user) => onchange(chosen.filter((c) => c.id !== user.id));
  const key = (/** @type {KeyboardEvent} */ e) => {
    if (e.isComposing || e.keyCode === 229) return;
    if (e.key === "ArrowDown") setAt(Math.min(at + 1, offered.length - 1));
    else if (e.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (e.key === "Enter" && q.trim()) take(offered[at]);
    else if (e.key === "Backspace" && !q && chosen.length) drop(chosen[chosen.length - 1]);
    else return;
    e.preventDefault();
  };
  return html`<div class="picker">
    <div class="chips" onClick=${() => input.current?.focus()}>
      ${chosen.map((user) => html`<button type="button" class="chip" key=${user.id} title=${fill(gettext("Without %(name)s"), { name: personName(user) })} onClick=${() => drop(user)}>
        <${Face} user=${user} /><span dir="auto">${personName(user)}</span><${Icon} name="close" /></button>`)}
      <input ref=${input} type="text" value=${q} aria-label=${label} placeholder=${chosen.length ? "" : label} autocomplete="off" role="combobox" aria-expanded="true"
        aria-controls=${found ? "picker-list" : undefined} aria-activedescendant=${offered.length ? `pick-${at}` : undefined} onInput=${(/** @type {any} */ e) => setQ(e.currentTarget.value)} onKeyDown=${key} /></div>
    ${error ? html`<p class="error">${error}</p>` : !found ? html`<${RowSkeleton} />` : html`<ul class="pick-list" id="picker-list" role="listbox" aria-label=${label}>
      ${offered.map((user, i) => html`<li key=${user.id} id=${`pick-${i}`} role="option" aria-selected=${i === at} class=${i === at ? "at" : ""} onClick=${() => take(user)}>
        <${Face} user=${user} online=${user.online} /><span class="name"><bdi>${personName(user)}</bdi></span><span class="soft small">@${user.username}</span></li>`)}</ul>
      ${offered.length ? null : html`<p class="hint-block">${q ? gettext("Nobody by this name.") : gettext("Nobody else is here yet.")}</p>`}`}
  </div>`;
}
