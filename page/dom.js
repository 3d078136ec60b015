// Small helpers: elements, and numbers as text.

/** An element. `do` names a control, `on` its handlers; false and null children are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "do") element.dataset.do = value;
    else if (name === "on") for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

/** Shows or hides. */
export function show(element, shown) {
  element.hidden = !shown;
}

let fields = 0;

/** A control with its label. */
export function field(label, control, hint) {
  control.id ||= `field-${++fields}`;
  const note = hint && h("small", { id: `${control.id}-hint` }, hint);
  if (note) control.setAttribute("aria-describedby", note.id);
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
}

/** A button. While what it began is not done, it begins nothing more: a button may be pressed twice. */
export function button(action, label, click, kind = "") {
  let works = false;
  const once = async (event) => {
    if (works) return;
    works = true;
    try {
      await click(event);
    } finally {
      works = false;
    }
  };
  return h("button", { type: "button", do: action, class: kind, on: { click: once } }, label);
}

/** Fills a select, keeping what is chosen where it is still there. */
export function choices(select, options) {
  const chosen = select.value;
  fill(select, options.map(({ value, label }) => h("option", { value }, label)));
  if (options.some((option) => option.value === chosen)) select.value = chosen;
}

/** A table with a caption for those who do not see it. */
export function table(caption, heads, rows) {
  const body = rows.map((cells) => (cells instanceof Element ? cells : h("tr", {}, cells.map((cell) => h("td", {}, cell)))));
  // On a phone the rows of a wide table are blocks, and each cell says its head.
  for (const row of body) [...row.cells].forEach((cell, n) => (cell.dataset.head = heads[n]));
  return h(
    "div",
    { class: heads.length > 3 ? "scroll wide" : "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head || h("span", { class: "unseen" }, "actions"))))),
      h("tbody", {}, body),
    ),
  );
}

/** Facts as a list of names and values. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "facts" }, shown.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

export function bytes(number) {
  for (const [unit, size] of [["MiB", 1 << 20], ["KiB", 1 << 10]]) {
    if (number >= size) {
      const text = number / size;
      return `${Number.isInteger(text) ? text : text.toFixed(1)} ${unit}`;
    }
  }
  return count(number, "byte");
}

/** `1 range`, `3 ranges`. */
export function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** `16M`, `512 KiB`, `0x800000` or a plain number as a number of bytes; null where it is none. */
export function sizeIn(text) {
  const found = /^(0x[0-9a-f]+|\d+)\s*([km]?)(ib)?$/i.exec(text.trim());
  if (!found) return null;
  const size = Number(found[1]) * { "": 1, k: 1 << 10, m: 1 << 20 }[found[2].toLowerCase()];
  return Number.isSafeInteger(size) ? size : null;
}

export function address(value, digits = 6) {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

export function time(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `20261130-145106-...` or an RFC 3339 time as `2026-11-30 14:51:06`. */
export function when(text) {
  const found = /^(\d{4})-?(\d\d)-?(\d\d)[T-](\d\d):?(\d\d):?(\d\d)/.exec(text ?? "");
  return found ? `${found[1]}-${found[2]}-${found[3]} ${found[4]}:${found[5]}:${found[6]}` : (text ?? "");
}

export function spansText(spans) {
  return spans.map((span) => `${address(span.start)}…${address(span.end)}`).join(", ");
}

/** Saves a Blob under a name. */
export function save(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
