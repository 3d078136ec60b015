// The flash as cells on a canvas: what each holds, or its entropy, or what a plan does with it.

import { address, h } from "./dom.js";

/** Columns that keep a picture of so many cells about twice as wide as high. */
function columnsFor(cells) {
  let columns = 32;
  while (columns < 256 && (cells / columns) * 1.2 > columns) columns *= 2;
  return columns;
}

const NAMES = ["blank", "filled", "text", "code", "compressed", "kept", "planned", "done", "changed"];

/** The colours of the style sheet, light or dark: a canvas does not know their names. */
function colours(samples) {
  return Object.fromEntries(samples.map((sample, n) => [NAMES[n], getComputedStyle(sample).backgroundColor]));
}

/** From dark blue to yellow: 0 to 8 bits a byte. */
function heat(tenths) {
  const part = Math.min(1, tenths / 80);
  return `hsl(${Math.round(240 - 190 * part)} 70% ${Math.round(22 + 40 * part)}%)`;
}

export class Picture {
  #canvas = h("canvas", { tabindex: "0", role: "application" });
  #status = h("output", { class: "cell" });
  #samples = NAMES.map((name) => h("i", { class: `swatch ${name}` }));
  #cells = 0;
  #unit = 4096;
  #size = 0;
  #columns = 64;
  #class = () => "kept";
  #word = () => "";
  #changed = new Set();
  #regions = [];
  #at = 0;
  #picked = null;
  #frame = 0;
  #place = null;
  /** The cells as they were drawn last, without the mark on the one that is looked at. */
  #cellsDrawn = document.createElement("canvas");
  #stale = true;

  /** `name` says what it shows; `picked` is called with an address on a click or Enter. */
  constructor(name, picked = null) {
    this.#picked = picked;
    const keys = picked ? "arrow keys move, Enter opens the bytes" : "arrow keys move";
    this.#canvas.setAttribute("aria-label", `${name}: ${keys}`);
    this.element = h("div", { class: "picture", hidden: true }, this.#canvas, this.#status, h("span", { class: "unseen", "aria-hidden": "true" }, this.#samples));
    this.#canvas.addEventListener("pointermove", (event) => this.#move(this.#cell(event)));
    this.#canvas.addEventListener("click", (event) => {
      this.#move(this.#cell(event));
      this.#picked?.(this.#at * this.#unit);
    });
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Contents: the result of the operation "picture"; `view` is "kinds" or "entropy". */
  contents(picture, view = "kinds") {
    this.#cells = picture.kinds.length;
    this.#unit = picture.cell_size;
    this.#size = this.#cells * this.#unit;
    const kind = (cell) => picture.legend[picture.kinds[cell]];
    this.#word = (cell) => `${kind(cell)}, ${(picture.entropy[cell] / 10).toFixed(1)} bits a byte`;
    this.#class = view === "entropy" ? (cell) => heat(picture.entropy[cell]) : kind;
    this.#changed = new Set(picture.changed);
    this.#regions = picture.regions;
    this.#show();
  }

  /** A plan on a chip of `size` bytes: its ranges, and how many of their bytes are done. */
  plan(size, ranges, regions = [], done = 0) {
    this.#unit = 4096;
    this.#size = size;
    this.#cells = Math.ceil(size / this.#unit);
    const state = new Array(this.#cells).fill("kept");
    let left = done;
    for (const { start, end } of ranges) {
      for (let at = start; at < end; at += this.#unit) {
        state[Math.floor(at / this.#unit)] = left > 0 ? "done" : "planned";
        left -= this.#unit;
      }
    }
    const words = { kept: "is not touched", planned: "is erased and written", done: "is written and verified" };
    this.#word = (cell) => words[state[cell]];
    this.#class = (cell) => state[cell];
    this.#changed = new Set();
    this.#regions = regions;
    this.#show();
  }

  clear() {
    this.#cells = 0;
    this.element.hidden = true;
  }

  #show() {
    this.element.hidden = this.#cells === 0;
    this.#columns = columnsFor(this.#cells);
    this.#at = Math.min(this.#at, this.#cells - 1);
    this.draw();
  }

  /** Draws at the next frame. */
  draw() {
    this.#stale = true;
    this.#soon();
  }

  #soon() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    const width = this.element.clientWidth;
    if (!width || !this.#cells) return;
    if (this.#stale) this.#paintCells(width);
    this.#stale = false;
    const { columns, side, ratio } = this.#place;
    const context = this.#canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.drawImage(this.#cellsDrawn, 0, 0);
    if (document.activeElement !== this.#canvas) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.strokeStyle = getComputedStyle(this.element).color;
    context.lineWidth = 2;
    context.strokeRect((this.#at % columns) * side, Math.floor(this.#at / columns) * side, side, side);
  }

  #paintCells(width) {
    const columns = Math.min(this.#columns, width < 480 ? 64 : 256);
    const side = Math.max(1, Math.min(16, width / columns));
    const rows = Math.ceil(this.#cells / columns);
    const ratio = devicePixelRatio || 1;
    const canvas = this.#canvas;
    canvas.width = Math.round(columns * side * ratio);
    canvas.height = Math.round(rows * side * ratio);
    canvas.style.width = `${columns * side}px`;
    canvas.style.height = `${rows * side}px`;
    [this.#cellsDrawn.width, this.#cellsDrawn.height] = [canvas.width, canvas.height];
    const context = this.#cellsDrawn.getContext("2d");
    context.scale(ratio, ratio);
    const palette = colours(this.#samples);
    const gap = side > 5 ? 1 : 0;
    for (let cell = 0; cell < this.#cells; cell++) {
      const x = (cell % columns) * side;
      const y = Math.floor(cell / columns) * side;
      const name = this.#class(cell);
      context.fillStyle = palette[name] ?? name;
      context.fillRect(x, y, side - gap, side - gap);
      if (this.#changed.has(cell)) {
        context.fillStyle = palette.changed;
        context.fillRect(x, y, side - gap, Math.max(2, side / 2.5));
      }
    }
    // Where a region begins, a mark at the left of its first cell.
    context.fillStyle = getComputedStyle(this.element).color;
    for (const region of this.#regions) {
      const cell = Math.floor(region.start / this.#unit);
      context.fillRect((cell % columns) * side - (gap ? 1 : 0), Math.floor(cell / columns) * side, 2, side);
    }
    this.#place = { columns, side, ratio };
  }

  #cell(event) {
    const { columns, side } = this.#place ?? { columns: 1, side: 1 };
    const cell = Math.floor(event.offsetY / side) * columns + Math.min(columns - 1, Math.floor(event.offsetX / side));
    return Math.max(0, Math.min(this.#cells - 1, cell));
  }

  #move(cell) {
    this.#at = cell;
    const start = cell * this.#unit;
    const region = this.#regions.find((region) => region.start <= start && start < region.end);
    const state = this.#changed.has(cell) ? ", differs" : "";
    this.#status.textContent = `${address(start)}…${address(Math.min(this.#size, start + this.#unit))} ${region ? `${region.name}: ` : ""}${this.#word(cell)}${state}`;
    if (document.activeElement === this.#canvas) this.#soon();
  }

  #key(event) {
    const columns = this.#place?.columns ?? 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const step = steps[event.key];
    if (step) {
      event.preventDefault();
      this.#move(Math.max(0, Math.min(this.#cells - 1, this.#at + step)));
      this.#soon();
    } else if (event.key === "Enter") {
      this.#picked?.(this.#at * this.#unit);
    }
  }
}

/** The words for the colours of entropy. */
export function scale() {
  const step = (bits, words) => {
    const swatch = h("i", { class: "swatch" });
    swatch.style.background = heat(10 * bits);
    return h("li", {}, swatch, words);
  };
  return h("ul", { class: "legend" }, step(0, "0 bits a byte: all alike"), step(4, "4: text, code, tables"), step(8, "8: compressed or encrypted"));
}

/** The words for the colours. */
export function legend(names) {
  return h("ul", { class: "legend" }, names.map((name) => h("li", {}, h("i", { class: `swatch ${name}` }), name)));
}
