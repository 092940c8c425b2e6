// What is half written, per room, kept in this browser.
export class Drafts {
  /** @param {Storage} storage @param {number} user */
  constructor(storage, user) {
    this.storage = storage;
    this.prefix = `klatch.draft.${user}.`;
  }

  /** @param {number} room @returns {string} */
  get(room) {
    try {
      return this.storage.getItem(this.prefix + room) ?? "";
    } catch {
      return "";
    }
  }

  /** @param {number} room @param {string} text */
  set(room, text) {
    try {
      if (text.trim()) this.storage.setItem(this.prefix + room, text);
      else this.storage.removeItem(this.prefix + room);
    } catch { /* a full storage loses a draft on reload, nothing else */ }
  }
}
