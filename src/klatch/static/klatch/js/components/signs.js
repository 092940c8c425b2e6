// Short words above the page: that the line is gone, that something was done or failed.
import { useEffect, useState } from "preact/hooks";
import { client } from "#klatch/client.js";
import { html } from "#klatch/components/html.js";
import { Icon } from "#klatch/components/icons.js";
import { gettext } from "#klatch/i18n.js";

const PATIENCE_MS = 1500, TOAST_MS = 4500;

/** A line that is back at once need not be spoken of. */
export function Line() {
  const state = client.socket.state.value, network = client.network.value;
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (state === "online" || state === "stopped") return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const shown = state !== "stopped" && (!network || (late && state !== "online"));
  const words = network && state === "connecting" ? gettext("Connecting…") : network ? gettext("The line is gone. What you write is kept and sent later.")
    : gettext("You are offline. What you write is kept and sent later.");
  return html`<div class="line" role="status">${shown ? html`<p><${Icon} name="warn" />${words}</p>` : null}</div>`;
}

export function Toast() {
  const words = client.toast.value;
  useEffect(() => {
    if (!words) return;
    const timer = setTimeout(() => (client.toast.value = ""), TOAST_MS);
    return () => clearTimeout(timer);
  }, [words]);
  return html`<div class="toast" role="status">${words ? html`<p>${words}</p>` : null}</div>`;
}
