// What keys mean, above all what they do not: an Enter that ends a composition never sends.
import "./resolve.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";

const { composerKey, editKey, shortcut } = await import("#klatch/keys.js");

const at = { touch: false, empty: false, menu: false };
const key = (name, more = {}) => ({ key: name, ...more });

test("Enter sends; Shift+Enter breaks the line; with a finger Enter breaks it too", () => {
  assert.equal(composerKey(key("Enter"), at), "send");
  assert.equal(composerKey(key("Enter", { shiftKey: true }), at), null);
  assert.equal(composerKey(key("Enter"), { ...at, touch: true }), null);
  assert.equal(composerKey(key("Enter", { ctrlKey: true }), { ...at, touch: true }), "send");
});

test("an input method keeps its keys: Enter, arrows, Tab and Escape do nothing of ours", () => {
  for (const name of ["Enter", "ArrowUp", "ArrowDown", "Tab", "Escape"]) {
    for (const sign of [{ isComposing: true }, { keyCode: 229 }]) {
      for (const menu of [true, false]) assert.equal(composerKey(key(name, sign), { touch: false, empty: true, menu }), null, `${name} ${JSON.stringify(sign)}`);
      assert.equal(editKey(key(name, sign), { touch: false }), null);
      assert.equal(shortcut(key(name, sign), { writing: false, dialog: false, single: true }), null);
    }
  }
});

test("while completions are shown, Enter and Tab pick and arrows move", () => {
  const menu = { ...at, menu: true };
  assert.equal(composerKey(key("Enter"), menu), "pick");
  assert.equal(composerKey(key("Tab"), menu), "pick");
  assert.equal(composerKey(key("ArrowDown"), menu), "next");
  assert.equal(composerKey(key("ArrowUp"), menu), "previous");
  assert.equal(composerKey(key("Escape"), menu), "close");
  assert.equal(composerKey(key("Enter", { shiftKey: true }), menu), null);
});

test("the arrow up changes the last message only in an empty composer", () => {
  assert.equal(composerKey(key("ArrowUp"), { ...at, empty: true }), "edit-last");
  assert.equal(composerKey(key("ArrowUp"), at), null);
});

test("an edit is saved by Enter and left by Escape", () => {
  assert.equal(editKey(key("Enter"), { touch: false }), "save");
  assert.equal(editKey(key("Enter"), { touch: true }), null);
  assert.equal(editKey(key("Enter", { metaKey: true }), { touch: true }), "save");
  assert.equal(editKey(key("Escape"), { touch: false }), "cancel");
});

test("single keys work only outside of text, without a dialog, and when they are switched on", () => {
  const free = { writing: false, dialog: false, single: true };
  assert.equal(shortcut(key("n"), free), "next-unread");
  assert.equal(shortcut(key("U", { shiftKey: true }), free), "unread-here");
  assert.equal(shortcut(key("?", { shiftKey: true }), free), "help");
  for (const not of [{ writing: true }, { dialog: true }, { single: false }]) {
    for (const name of ["n", "r", "e", "?", "/", "c"]) assert.equal(shortcut(key(name), { ...free, ...not }), null);
    assert.equal(shortcut(key("k", { ctrlKey: true }), { ...free, ...not }), "switcher", "the switcher works everywhere");
  }
  assert.equal(shortcut(key("r", { ctrlKey: true }), free), null, "the browser's own shortcuts stay its own");
  assert.equal(shortcut(key("n", { metaKey: true }), free), null);
});
