// The flash: the picture of a backup or a file, what differs from another one, and its bytes.

import { differing, messages, rangeList, panel } from "./app.js";
import { address, button, bytes, choices, count, field, fill, h, show, table } from "./dom.js";
import { Hex } from "./hex.js";
import { Picture, legend, scale } from "./picture.js";

/** Places of a search that are listed. */
const SHOWN = 100;

const KINDS = ["blank", "filled", "text", "code", "compressed", "changed"];

export function flash(app) {
  const { session } = app;
  const box = messages();
  const what = h("select", { do: "look", "aria-label": "contents" });
  const against = h("select", { do: "against" });
  const colour = h("select", { do: "colour" }, h("option", { value: "kinds" }, "what it looks like"), h("option", { value: "entropy" }, "entropy"));
  const hex = new Hex();
  const picture = new Picture("map of the flash", (at) => open(at, 16));
  const regions = h("div", {});
  const differences = h("div", {});
  const hint = h("p", { class: "hint" }, "Take a backup on the bench, or drop a file in Files: then its picture is here.");
  const goto = h("input", { type: "text", do: "goto", placeholder: "0x20000", autocomplete: "off", spellcheck: "false" });
  const found = h("div", { class: "found" });
  const wrong = messages();
  const words = h("input", { type: "search", do: "search-text", placeholder: "U-Boot, 27051956, 02:6e:6f…", autocomplete: "off", spellcheck: "false" });
  let shown = null;
  let subject = "";
  let other = "";

  /** What is chosen there, as it is shown. */
  const label = (select) => select.selectedOptions[0]?.label ?? "";

  const load = (name) => async (at, length) => (await session.request("bytes", { what: name, at, length })).data;

  function open(at, length = 0) {
    hex.show(at, length);
  }

  function list() {
    const subjects = app.subjects();
    choices(what, [{ value: "", label: "choose…" }, ...subjects]);
    choices(against, [{ value: "", label: "nothing" }, ...(session.can("diff") ? [{ value: "chip", label: "the chip on the clip" }] : []), ...subjects.filter((one) => one.value !== what.value)]);
    show(hint, subjects.length === 0);
  }

  /** Counts the looks: what an earlier one still brings is not shown. */
  let looks = 0;

  async function look() {
    if (what.value === subject && against.value === other) return;
    [subject, other] = [what.value, against.value];
    const mine = ++looks;
    fill(regions);
    fill(differences);
    if (!subject) return picture.clear();
    const result = await app.run(box, "picture", { what: subject, ...(other && other !== "chip" ? { against: other } : {}) });
    if (mine !== looks) return;
    if (!result) {
      // Chosen again, it is tried again.
      other = null;
      return picture.clear();
    }
    const is_new = shown?.what !== result.what;
    shown = result;
    picture.contents(result, colour.value);
    const size = result.kinds.length * result.cell_size;
    if (is_new) hex.open(sizeOf(subject) ?? size, load(subject));
    fill(
      regions,
      result.regions.length > 0 &&
        table("regions", ["region", "place", "size"], result.regions.map((region) => [
          button(`region-${region.name}`, region.name, () => open(region.start, 16), "link"),
          h("code", {}, `${address(region.start)}…${address(region.end)}`),
          bytes(region.end - region.start),
        ])),
    );
    if (other) await compare(result, mine);
    else fill(differences, h("p", { class: "hint" }, "Choose above what to compare it with."));
  }

  /** The size that is known, for a last cell that is not full. */
  function sizeOf(value) {
    return app.state.files.find((file) => file.path === value)?.size ?? app.state.backups.find((backup) => backup.id === value)?.size;
  }

  async function compare(result, mine) {
    let ranges = runs(result);
    let byRegion = [];
    let uneven = "";
    let note = ranges.length ? `Whole cells differ in ${count(ranges.length, "place")}.` : "Both are the same.";
    if (session.can("diff")) {
      const exact = await app.run(box, "diff", { a: other, b: subject, ...(other === "chip" ? app.conditions() : {}) });
      if (mine !== looks) return;
      if (!exact) {
        other = null;
        return fill(differences, h("p", { class: "hint" }, "Not compared: the reason is above."));
      }
      if (other === "chip") picture.contents({ ...result, changed: cells(exact.ranges, result.cell_size) }, colour.value);
      ranges = exact.ranges;
      byRegion = (exact.regions ?? []).filter((region) => region.differing_bytes > 0);
      note = exact.same ? "Both are the same." : differing(exact.differing_bytes, ranges);
      if (exact.a_bytes !== exact.b_bytes) uneven = `${label(against)} has ${count(exact.a_bytes, "byte")}, ${label(what)} has ${exact.b_bytes}: what is beyond the shorter one counts as different.`;
    }
    fill(
      differences,
      h("p", { role: "status" }, note, uneven && ` ${uneven}`),
      byRegion.length > 0 && h("p", {}, `Of that: ${byRegion.map((region) => `${bytes(region.differing_bytes)} in ${region.name}`).join(", ")}.`),
      rangeList(ranges, open),
    );
  }

  /** What is searched for, by its form: a MAC address, bytes in hex, or text; text in quotes is text in any case. */
  function wanted(text) {
    const quoted = /^"(.+)"$/.exec(text);
    if (quoted) return { text: quoted[1] };
    if (/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) return { mac: text };
    const hex = text.replace(/^0x/i, "").replaceAll(" ", "");
    return /^([0-9a-f]{2}){2,}$/i.test(hex) ? { bytes: hex } : { text };
  }

  async function search() {
    fill(found);
    show(wrong, false);
    const sought = wanted(words.value.trim());
    const result = await app.run(wrong, "search", { what: subject, ...sought });
    if (!result) return;
    const { places, more } = result;
    const kind = { mac: "this MAC address", bytes: "these bytes", text: "this text" }[Object.keys(sought)[0]];
    const count = places.length === 1 ? "1 place has" : `${more ? "More than " : ""}${places.length || "No"} place${places.length ? "s have" : " has"}`;
    fill(
      found,
      h("p", { role: "status" }, `${count} ${kind}.`, places.length > SHOWN && ` The first ${SHOWN}:`, sought.bytes && ` For the text instead, put it in quotes: "${words.value.trim()}".`),
      h("ul", { class: "hits" }, places.slice(0, SHOWN).map((place) => h("li", {}, button("hit", `${address(place.start)} ${place.form ?? ""}`, () => open(place.start, place.end - place.start), "link")))),
    );
  }

  what.addEventListener("change", () => (list(), look()));
  against.addEventListener("change", look);
  const [ofKinds, ofEntropy] = [legend(KINDS), scale()];
  const colours = () => {
    show(ofKinds, colour.value === "kinds");
    show(ofEntropy, colour.value === "entropy");
    if (shown) picture.contents(shown, colour.value);
  };
  colour.addEventListener("change", colours);
  colours();
  goto.addEventListener("change", () => {
    const text = goto.value.trim();
    if (text === "") return;
    const at = Number(text);
    const is_address = Number.isSafeInteger(at) && at >= 0;
    show(wrong, !is_address || at >= hex.length);
    if (!is_address) fill(wrong, h("p", {}, `"${text}" is no address: 0x20000 or 131072 is one.`));
    else if (at >= hex.length) fill(wrong, h("p", {}, hex.length ? `${address(at)} is beyond the end: there are ${address(hex.length)} bytes.` : "Choose the contents above first."));
    else open(at, 1);
  });
  const searching = h("form", { class: "row", on: { submit: (event) => (event.preventDefault(), search()) } }, field("Search", words), h("button", { type: "submit", do: "search" }, "Search"));
  session.addEventListener("change", () => show(searching, session.can("search")));
  session.addEventListener("change", () => session.can("diff") && !against.querySelector('[value="chip"]') && list());
  app.addEventListener("state", ({ detail }) => {
    if ("files" in detail || "backups" in detail) list();
    if (detail.look) {
      list();
      what.value = detail.look;
      if (detail.against !== undefined) {
        list();
        against.value = detail.against;
      }
      look();
    }
  });
  list();
  return [
    panel("Picture", h("div", { class: "row" }, field("Contents", what), field("Compared with", against), field("Colours", colour)), hint, picture.element, ofKinds, ofEntropy, box),
    h("div", { class: "columns" }, panel("Regions", regions), panel("Differences", differences)),
    panel("Bytes", h("div", { class: "row" }, field("Go to address", goto), searching), wrong, found, hex.element),
  ];
}

/** The cells that ranges touch. */
function cells(ranges, size) {
  const touched = new Set();
  for (const { start, end } of ranges) for (let cell = Math.floor(start / size); cell * size < end; cell++) touched.add(cell);
  return [...touched];
}

/** Cells that differ, as ranges. */
function runs(picture) {
  const ranges = [];
  for (const cell of picture.changed) {
    const start = cell * picture.cell_size;
    const last = ranges.at(-1);
    if (last?.end === start) last.end += picture.cell_size;
    else ranges.push({ start, end: start + picture.cell_size });
  }
  return ranges;
}
