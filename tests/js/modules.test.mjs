// The modules as a whole: every import is a name of the import map, vendored files are what VENDOR.json says.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const folder = fileURLToPath(new URL("../../src/klatch/static/klatch/", import.meta.url));
const listing = JSON.parse(readFileSync(`${folder}vendor/VENDOR.json`, "utf8"));
const vendored = Object.values(listing.packages).flatMap(({ files }) => Object.entries(files));
const own = readdirSync(`${folder}js`, { recursive: true }).filter((name) => name.endsWith(".js"));

test("modules import names of the import map only: a path would miss the hashed address", () => {
  const names = new Set(vendored.map(([, { name }]) => name));
  for (const file of own) {
    const code = readFileSync(`${folder}js/${file}`, "utf8");
    for (const [, name] of code.matchAll(/^\s*(?:import|export)\s(?:[^"';]*\sfrom\s)?"([^"]+)";/gm)) {
      const known = name.startsWith("#klatch/") ? existsSync(`${folder}js/${name.slice(8)}`) : names.has(name);
      assert.ok(known, `${file} imports ${name}`);
    }
    assert.doesNotMatch(code, /\bimport\(\s*["'`]\./, `${file} imports a path`);
  }
});

test("vendored files are unchanged and import nothing else", () => {
  const names = new Set(vendored.map(([, { name }]) => name));
  for (const [file, { sha256 }] of vendored) {
    const code = readFileSync(`${folder}vendor/${file}`);
    assert.equal(createHash("sha256").update(code).digest("hex"), sha256, file);
    for (const [, name] of code.toString().matchAll(/from\s*"([^"]+)"/g)) assert.ok(names.has(name), `${file} imports ${name}`);
    assert.doesNotMatch(code.toString(), /sourceMappingURL/);
  }
});

test("nothing needs eval, inline handlers or style attributes", () => {
  for (const file of own) {
    const code = readFileSync(`${folder}js/${file}`, "utf8");
    assert.doesNotMatch(code, /\beval\(|new Function\(|\sstyle="|\son[a-z]+="/, file);
  }
});

test("all script and style is at most 120 KB compressed, each file on its own as it is sent", () => {
  const css = readdirSync(`${folder}css`).map((name) => `css/${name}`);
  const files = [...own.map((name) => `js/${name}`), ...vendored.map(([name]) => `vendor/${name}`), ...css];
  const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(folder + file)).length, 0);
  assert.ok(bytes < 120 * 1024, `${bytes} bytes`);
});
