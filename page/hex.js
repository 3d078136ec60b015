// Bytes in hex and text. Only the rows that are seen are in the document; the bytes come in pieces as they are needed.

import { address, h } from "./dom.js";

const PIECE = 16384;
/** Pieces that are kept: 4 MiB. */
const KEPT = 256;
const ROW = 22;
/** Browsers cannot make an element higher than some millions of pixels. */
const HIGHEST = 4_000_000;

export class Hex {
  #rows = [];
  #pieces = new Map();
  #asked = new Set();
  #length = 0;
  #top = 0;
  #width = 16;
  #marked = null;
  #load = null;
  #timer = 0;
  #own = false;

  /** `load(at, length)` gives bytes as hex. */
  constructor() {
    this.#scroller = h("div", { class: "hex-scroll", tabindex: "0", role: "region", "aria-label": "bytes" });
    this.#spacer = h("div", { class: "hex-spacer" });
    this.#list = h("pre", { class: "hex-rows" });
    this.#scroller.append(this.#spacer);
    this.element = h("div", { class: "hex", hidden: true }, this.#scroller, this.#list);
    this.#scroller.addEventListener("scroll", () => this.#scrolled());
    this.#scroller.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  #scroller;
  #spacer;
  #list;

  /** Shows contents of `length` bytes from an address on. */
  open(length, load, at = 0) {
    this.#pieces.clear();
    this.#asked.clear();
    this.#length = length;
    this.#load = load;
    this.#marked = null;
    this.element.hidden = length === 0;
    this.#fit();
    this.show(at);
  }

  /** Moves to an address, and marks `length` bytes there. */
  show(at, length = 0) {
    this.#marked = length ? { start: at, end: at + length } : null;
    this.#goTo(Math.floor(at / this.#width) - (length ? 3 : 0));
  }

  /** How many bytes there are. */
  get length() {
    return this.#length;
  }

  #lines() {
    return Math.ceil(this.#length / this.#width);
  }

  #seen() {
    return Math.max(1, Math.floor(this.#scroller.clientHeight / ROW));
  }

  #last() {
    return Math.max(0, this.#lines() - this.#seen());
  }

  #fit() {
    this.#width = this.element.clientWidth && this.element.clientWidth < 640 ? 8 : 16;
    this.#spacer.style.height = `${Math.min(HIGHEST, this.#lines() * ROW)}px`;
    const count = this.#seen() + 1;
    while (this.#rows.length > count) this.#rows.pop().remove();
    while (this.#rows.length < count) {
      const row = h("div", { class: "hex-row" });
      this.#rows.push(row);
      this.#list.append(row);
    }
    this.#goTo(this.#top);
  }

  /** From the scroll bar: the same share of the rows. */
  #scrolled() {
    if (this.#own) {
      this.#own = false;
      return;
    }
    const range = this.#scroller.scrollHeight - this.#scroller.clientHeight;
    this.#top = range > 0 ? Math.round((this.#scroller.scrollTop / range) * this.#last()) : 0;
    this.#draw();
  }

  #goTo(row) {
    this.#top = Math.max(0, Math.min(this.#last(), row));
    const range = this.#scroller.scrollHeight - this.#scroller.clientHeight;
    const wanted = this.#last() ? Math.round((this.#top / this.#last()) * range) : 0;
    if (Math.round(this.#scroller.scrollTop) !== wanted) {
      this.#own = true;
      this.#scroller.scrollTop = wanted;
    }
    this.#draw();
  }

  #wheel(event) {
    event.preventDefault();
    const rows = event.deltaMode === 1 ? event.deltaY : event.deltaY / ROW;
    this.#goTo(this.#top + (Math.trunc(rows) || Math.sign(rows)));
  }

  #key(event) {
    const page = this.#seen() - 1;
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -this.#lines(), End: this.#lines() };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.#goTo(this.#top + steps[event.key]);
  }

  #draw() {
    this.#rows.forEach((row, n) => {
      const at = (this.#top + n) * this.#width;
      row.hidden = at >= this.#length;
      if (!row.hidden) row.replaceChildren(...this.#row(at));
    });
    clearTimeout(this.#timer);
    // While someone scrolls, nothing is asked for.
    this.#timer = setTimeout(() => this.#ask(), 30);
  }

  #row(at) {
    let numbers = "";
    let text = "";
    const end = Math.min(at + this.#width, this.#length);
    for (let place = at; place < at + this.#width; place++) {
      const byte = place < end ? this.#byte(place) : undefined;
      numbers += byte === undefined ? (place < end ? "·· " : "   ") : `${byte.toString(16).padStart(2, "0")} `;
      if (place % 8 === 7) numbers += " ";
      text += byte === undefined ? " " : byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
    }
    const marked = this.#marked && at < this.#marked.end && at + this.#width > this.#marked.start;
    return [
      h("b", {}, address(at, 8)),
      h(marked ? "mark" : "span", { class: "hex-bytes" }, numbers),
      h("span", { class: "hex-text" }, text),
    ];
  }

  #byte(at) {
    return this.#pieces.get(Math.floor(at / PIECE))?.[at % PIECE];
  }

  async #ask() {
    const first = Math.floor((this.#top * this.#width) / PIECE);
    const last = Math.floor(Math.min(this.#length - 1, (this.#top + this.#rows.length) * this.#width) / PIECE);
    for (let piece = first; piece <= last; piece++) {
      if (this.#pieces.has(piece) || this.#asked.has(piece)) continue;
      this.#asked.add(piece);
      const load = this.#load;
      const at = piece * PIECE;
      try {
        const data = await load(at, Math.min(PIECE, this.#length - at));
        if (load !== this.#load) return;
        const bytes = new Uint8Array(data.length / 2);
        for (let n = 0; n < bytes.length; n++) bytes[n] = parseInt(data.substr(2 * n, 2), 16);
        this.#pieces.set(piece, bytes);
        if (this.#pieces.size > KEPT) this.#pieces.delete(this.#pieces.keys().next().value);
        this.#draw();
      } catch {
        // It is asked for again when it is seen again.
      } finally {
        this.#asked.delete(piece);
      }
    }
  }
}
