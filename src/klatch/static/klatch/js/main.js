// Starts the client in the shell that the server sent.
import { render } from "preact";
import "@preact/signals";
import { client } from "#klatch/client.js";
import { App } from "#klatch/components/app.js";
import { html } from "#klatch/components/html.js";
import { listen } from "#klatch/shortcuts.js";

const root = /** @type {HTMLElement} */ (document.getElementById("klatch"));
root.replaceChildren();
root.className = "";
client.start();
listen();
render(html`<${App} />`, root);
