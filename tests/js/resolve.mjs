// Lets node find the client's modules and the vendored ones by the names that the browser's import map gives them.
// `import "./resolve.mjs"` comes first in every test; what is tested is imported dynamically after it.
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { fileURLToPath } from "node:url";

const folder = new URL("../../src/klatch/static/klatch/", import.meta.url);
const listing = JSON.parse(readFileSync(fileURLToPath(new URL("vendor/VENDOR.json", folder)), "utf8"));
const vendored = {};
for (const { files } of Object.values(listing.packages)) {
  for (const [file, { name }] of Object.entries(files)) vendored[name] = new URL(`vendor/${file}`, folder).href;
}

const source = `
const vendored = ${JSON.stringify(vendored)}, own = ${JSON.stringify(new URL("js/", folder).href)};
export async function resolve(name, context, next) {
  const url = name.startsWith("#klatch/") ? own + name.slice(8) : vendored[name];
  return url ? { url, format: "module", shortCircuit: true } : next(name, context);
}`;

register(`data:text/javascript,${encodeURIComponent(source)}`);
