// The list of keyboard shortcuts, with the switch for single keys.
import { html } from "#klatch/components/html.js";
import { Modal } from "#klatch/components/overlays.js";
import { gettext } from "#klatch/i18n.js";
import { singleKeys } from "#klatch/preferences.js";

const ctrl = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";

/** @param {{onclose: () => void}} props */
export function Help({ onclose }) {
  const on = singleKeys.value.value;
  const row = (/** @type {string[]} */ keys, /** @type {string} */ words) => html`<div class="help-row"><dt>${keys.map((k) => html`<kbd>${k}</kbd>`)}</dt><dd>${words}</dd></div>`;
  return html`<${Modal} title=${gettext("Keyboard shortcuts")} onclose=${onclose} class="help">
    <dl>${row([ctrl, "K"], gettext("Jump to a room or a person"))}${row(["Enter"], gettext("Send"))}${row(["Shift", "Enter"], gettext("Break the line"))}
      ${row(["↑"], gettext("Change your last message (in an empty composer)"))}${row(["@"], gettext("Mention somebody"))}${row([":"], gettext("Emoji by name"))}
      ${row(["Esc"], gettext("Close what is open; stop replying"))}</dl>
    <div class="row apart"><h3>${gettext("Single keys")}</h3><label class="row switch"><input type="checkbox" checked=${on} onChange=${(/** @type {any} */ e) => singleKeys.set(e.currentTarget.checked)} /><span>${gettext("on")}</span></label></div>
    <p class="soft small">${gettext("They work while you are not writing.")}</p>
    <dl class=${on ? "" : "off"}>${row(["N"], gettext("Next room with something new"))}${row(["C"], gettext("Write"))}${row(["/"], gettext("Search"))}
      ${row(["↑", "↓"], gettext("From message to message"))}${row(["Enter"], gettext("What can be done with this message"))}
      ${row(["R"], gettext("Reply to it"))}${row(["+"], gettext("React to it"))}${row(["E"], gettext("Change it"))}${row(["Shift", "U"], gettext("Unread from here"))}${row(["?"], gettext("This list"))}</dl></${Modal}>`;
}
