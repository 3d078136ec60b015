// The splice: which file gives which region, what stays of this unit, what asks, and what would be on the chip.

import { findings, messages, panel } from "./app.js";
import { address, button, bytes, choices, facts, field, fill, h, save, show, sizeIn, table, time } from "./dom.js";
import { Picture, legend } from "./picture.js";

/** A recipe is told from other files by its name. */
const isRecipe = (file) => file.name.endsWith(".toml");

export function splice(app) {
  const { session } = app;
  const box = messages();
  const board = h("select", { do: "board" });
  const base = h("select", { do: "base" });
  const donors = h("div", { class: "donors", role: "group", "aria-label": "new firmware from" });
  const text = (action, placeholder = "as it is") => h("input", { type: "text", do: action, placeholder, autocomplete: "off", spellcheck: "false" });
  const [mac, serial, uuid] = [text("mac"), text("serial"), text("uuid")];
  const layout = h("select", { do: "layout" });
  const baseLayout = h("select", { do: "base-layout" });
  const chipSize = text("chip-size", "by the chip or the dump");
  const env = h("textarea", { do: "env", rows: 3, placeholder: "bootdelay=3", autocomplete: "off", spellcheck: "false" });
  const recipe = h("select", { do: "recipe" });
  const result = h("div", { "data-result": "" });
  const outcome = h("section", { class: "panel", hidden: true }, result);
  const picture = new Picture("what the splice changes");
  const chosen = new Set();
  /** Of a file, the part that is meant. */
  const parts = new Map();
  const sources = new Map();
  const allowed = new Set();
  const said = h("p", { role: "status" });
  const toWrite = button("splice-write", "Write it to the chip…", go, "primary");
  const keepResult = button("save-result", "Save it as a file", saveResult);
  const keepRecipe = button("save-recipe", "Save the recipe", () => save(new Blob([last.recipe], { type: "text/plain" }), "recipe.toml"));
  let last = null;

  /** The files that are chosen, each under the name that a region's source is chosen by: one is "donor", several have their own. */
  function named() {
    const files = app.state.files.filter((file) => chosen.has(file.path));
    if (files.length === 1) return [{ name: "donor", file: files[0] }];
    const taken = new Set(["own", "blank", "donor"]);
    return files.map((file) => {
      const plain = file.name.replace(/\.[^.]*$/, "").replaceAll(/[^A-Za-z0-9._-]/g, "-") || "file";
      let name = plain;
      for (let number = 2; taken.has(name); number++) name = `${plain}-${number}`;
      taken.add(name);
      return { name, file };
    });
  }

  /** What a region can be taken from. A recipe has names of its own for its donors. */
  function givers() {
    const given = named().map(({ name }) => name);
    const ofRecipe = recipe.value && given.length === 0 ? (last?.regions ?? []).map(({ source }) => source) : [];
    return [...new Set(["own", "blank", ...given, ...ofRecipe])];
  }

  function options() {
    const known = givers();
    const set = [...sources].filter(([, source]) => known.includes(source)).map(([region, source]) => `${region}=${source}`);
    const given = named();
    // A recipe names its board, and a map is in place of one.
    const boardName = layout.value ? "" : board.value || (recipe.value ? "" : "auto");
    const variables = env.value.split("\n").map((line) => line.trim()).filter(Boolean);
    const whole = ({ file }) => `${file.path}${parts.get(file.path) ?? ""}`;
    return {
      ...(boardName && { board: boardName }),
      ...(layout.value && { layout: layout.value }),
      ...(!chipSize.disabled && chipSize.value.trim() && { chip_size: sizeIn(chipSize.value) }),
      ...(baseLayout.value && { base_layout: baseLayout.value }),
      donors: given.length > 1 ? given.map((one) => `${one.name}=${whole(one)}`) : given.map(whole),
      ...(set.length && { set }),
      ...(mac.value.trim() && { mac: mac.value.trim() }),
      ...(serial.value.trim() && { serial: serial.value.trim() }),
      ...(uuid.value.trim() && { uuid: uuid.value.trim() }),
      ...(variables.length && { env: variables }),
      ...(recipe.value && { recipe: recipe.value }),
      ...(base.value && { base: base.value }),
      ...(allowed.size && { allow: [...allowed] }),
    };
  }

  const allow = (name, on) => (on ? allowed.add(name) : allowed.delete(name));
  /** What may be done about a finding here: let it pass, or choose the source of the region that it is about. */
  const settle = { allow, source };

  async function preview() {
    fill(result);
    said.textContent = "";
    show(outcome, false);
    picture.clear();
    show(toWrite, false);
    show(keepResult, false);
    show(keepRecipe, false);
    if (!chipSize.disabled && chipSize.value.trim() && sizeIn(chipSize.value) === null) {
      fill(box, h("p", {}, `"${chipSize.value}" is no size: 16M or 16777216 is one.`));
      return show(box, true);
    }
    // With a base the files alone are asked; without one the chip is.
    const alone = base.value && session.can("splice");
    const spliced = alone
      ? await app.run(box, "splice", options(), settle)
      : await app.run(box, "rewrite", app.conditions({ ...options(), dry_run: true }), settle);
    if (!spliced) {
      if (!base.value && !app.state.programmer) box.append(h("p", {}, "Without a programmer: drop this board's own dump in Files and choose it above, or try it on an emulated board, on the bench."));
      return;
    }
    last = spliced;
    const size = app.state.chip?.size ?? spliced.regions.reduce((end, region) => Math.max(end, region.offset + region.size), 0);
    const regions = spliced.regions.map((region) => ({ name: region.name, start: region.offset, end: region.offset + region.size }));
    fill(
      result,
      h("h3", {}, "What would be on the chip"),
      facts([
        ["board", spliced.board],
        ["boot loader", spliced.loader_after],
        ["to be written", spliced.planned && `${bytes(spliced.planned.bytes_programmed)} in about ${time(spliced.planned.ms)}`],
        ["backup", spliced.backup],
        ["sha256", spliced.sha256],
      ]),
      table("regions", ["region", "place", "now", "then", "taken from", "choice"], spliced.regions.map(row)),
      spliced.per_unit.length > 0 && [
        h("h4", {}, "Data of this unit"),
        table("data of this unit", ["what", "now", "then", ""], spliced.per_unit.map((unit) => [unit.name, h("code", {}, unit.backup), h("code", {}, unit.result), unit.same ? "kept" : h("b", { class: "bad" }, "changes")])),
      ],
      findings(spliced.findings, settle, [...allowed]),
      picture.element,
      legend(spliced.picture ? ["blank", "filled", "text", "code", "compressed", "changed"] : ["kept", "planned"]),
    );
    show(outcome, true);
    if (spliced.picture) picture.contents(spliced.picture);
    else picture.plan(size, spliced.planned.ranges, regions);
    show(toWrite, true);
    show(keepResult, session.can("splice") && Boolean(base.value || spliced.backup));
    show(keepRecipe, Boolean(spliced.recipe));
  }

  /** The choice of a region's source. */
  function source(region) {
    const select = h("select", { do: `source-${region}`, "aria-label": `source of ${region}` });
    choices(select, [{ value: "", label: "the board's default" }, ...givers().map((name) => ({ value: name, label: name }))]);
    select.value = sources.get(region) ?? "";
    select.addEventListener("change", () => {
      sources.set(region, select.value);
      changed();
    });
    return select;
  }

  function row(region) {
    return h("tr", { class: region.changes ? "changes" : "" },
      h("th", { scope: "row" }, region.inside && "↳ ", region.name),
      h("td", {}, h("code", {}, address(region.offset)), ` ${bytes(region.size)}`),
      h("td", {}, region.was),
      h("td", {}, region.changes ? region.will_be : "the same"),
      h("td", {}, h("b", {}, region.source), h("small", {}, region.why)),
      h("td", {}, source(region.name)));
  }

  /** What is shown is not what would come of the choices now. */
  function changed() {
    if (!outcome.hidden && !toWrite.hidden) said.textContent = "The choices have changed: preview the result again.";
    for (const one of [toWrite, keepResult, keepRecipe]) show(one, false);
  }

  async function go() {
    await app.start("rewrite", app.conditions(options()));
  }

  /** The image as a file, for another programmer or for later. */
  async function saveResult() {
    said.textContent = "";
    const out = `${session.transport.folder()}/spliced-${Date.now().toString(36)}.bin`;
    const made = await app.run(box, "splice", { ...options(), base: base.value || last.backup, out });
    if (!made) return;
    const name = `${made.board || "spliced"}.bin`;
    save(await session.transport.getFile(out), name);
    said.textContent = `Saved as ${name}: all of the chip, ${bytes(made.size)}.`;
  }

  const plain = () => app.state.files.filter((file) => !isRecipe(file));
  const lists = () => {
    choices(base, [{ value: "", label: "what is on the chip now" }, ...app.backupChoices(), ...plain().map((file) => ({ value: file.path, label: `the dump ${file.name}` }))]);
    const maps = plain().map((file) => ({ value: file.path, label: `in ${file.name}` }));
    choices(layout, [{ value: "", label: "of the board" }, { value: "chip", label: "the one in the board's own data" }, ...maps]);
    choices(baseLayout, [{ value: "", label: "the same" }, ...maps]);
    choices(recipe, [{ value: "", label: "none" }, ...app.state.files.filter(isRecipe).map((file) => ({ value: file.path, label: file.name }))]);
  };
  /** Not made anew while someone ticks one: a backup that is taken changes nothing here. */
  const offer = () => {
    const files = plain();
    fill(
      donors,
      files.length === 0 && h("p", { class: "hint" }, "Drop the vendor's file or a dump in Files first."),
      files.map((file) =>
        h("div", { class: "donor" },
          h("label", { class: "check" }, h("input", { type: "checkbox", do: "donor", value: file.path, checked: chosen.has(file.path), on: { change: (event) => ((event.target.checked ? chosen.add(file.path) : chosen.delete(file.path)), tick(event.target), changed()) } }), ` ${file.name}`),
          part(file))),
    );
    for (const one of donors.querySelectorAll("[data-do=donor]")) tick(one);
  };
  /** A part of a file is asked for where the file is chosen. */
  const tick = (donor) => show(donor.closest(".donor").querySelector("[data-do=donor-part]"), donor.checked);
  const part = (file) => {
    const control = h("input", { type: "text", do: "donor-part", "aria-label": `part of ${file.name}`, placeholder: "all of it; @0x800+4M or :NAME for a part", value: parts.get(file.path) ?? "", autocomplete: "off", spellcheck: "false" });
    control.addEventListener("change", () => {
      const typed = control.value.trim();
      // A name alone is that of a part.
      parts.set(file.path, typed === "" || /^[@:]/.test(typed) ? typed : `:${typed}`);
      changed();
    });
    return control;
  };
  app.addEventListener("state", ({ detail }) => {
    if (detail.donor) chosen.add(detail.donor);
    if ("boards" in detail) choices(board, [{ value: "", label: "by its contents" }, ...app.state.boards.map((board) => ({ value: board.name, label: board.model }))]);
    if ("files" in detail || "backups" in detail) lists();
    if ("files" in detail || detail.donor) offer();
  });
  for (const one of [board, base, recipe, mac, serial, uuid, env, layout, chipSize, baseLayout]) one.addEventListener("change", changed);
  const ofMap = () => {
    board.disabled = layout.value !== "";
    chipSize.disabled = !board.disabled || layout.value === "chip";
  };
  layout.addEventListener("change", ofMap);
  outcome.append(h("div", { class: "actions" }, toWrite, keepResult, keepRecipe), said);
  lists();
  offer();
  ofMap();
  return [
    panel(
      "Choose the contents",
      h("div", { class: "row" }, field("Board", board), field("This board's own data from", base), field("MAC address", mac), field("Recipe", recipe, "Repeats an earlier splice. Drop it in Files, with the files that it names.")),
      h("fieldset", {}, h("legend", {}, "New firmware from"), donors),
      h("details", { "data-more": "" }, h("summary", {}, "More: another map, variables, data of a PC"),
        h("div", { class: "row" },
          field("Map of the flash", layout, "In place of a board: a layout, a device tree or an image that holds one."),
          field("Size of the chip", chipSize, "With a map from a file."),
          field("Map of the board's own dump", baseLayout, "Where the result has another map, regions move by their names.")),
        h("div", { class: "row" },
          field("U-Boot variables", env, "One in a line, NAME=VALUE; an empty value removes it."),
          field("Serial number of a PC", serial),
          field("UUID of a PC", uuid))),
      h("p", { class: "hint" }, "Without a dump or backup chosen, the chip is read and backed up first. Nothing is written before you have seen the plan and confirmed it."),
      h("div", { class: "actions" }, button("preview", "Preview the result", preview, "primary")),
      box,
    ),
    outcome,
  ];
}
