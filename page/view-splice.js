// The splice: which file gives which region, what stays of this unit, what asks, and what would be on the chip.

import { findings, messages, panel } from "./app.js";
import { address, button, bytes, choices, facts, field, fill, h, save, show, table, time } from "./dom.js";
import { Picture, legend } from "./picture.js";

export function splice(app) {
  const { session } = app;
  const box = messages();
  const board = h("select", { do: "board" });
  const base = h("select", { do: "base" });
  const donors = h("div", { class: "donors", role: "group", "aria-label": "new firmware from" });
  const mac = h("input", { type: "text", do: "mac", placeholder: "as it is", autocomplete: "off", spellcheck: "false" });
  const recipe = h("select", { do: "recipe" });
  const result = h("div", { "data-result": "" });
  const outcome = h("section", { class: "panel", hidden: true }, result);
  const picture = new Picture("what the splice changes");
  const chosen = new Set();
  const sources = new Map();
  const allowed = new Set();
  const toWrite = button("splice-write", "Write it to the chip…", go, "primary");
  const keepRecipe = button("save-recipe", "Save the recipe", () => save(new Blob([last.recipe], { type: "text/plain" }), "recipe.toml"));
  let last = null;

  function options() {
    const set = [...sources].filter(([, source]) => source).map(([region, source]) => `${region}=${source}`);
    return {
      ...(board.value ? { board: board.value } : { board: "auto" }),
      donors: [...chosen],
      ...(set.length && { set }),
      ...(mac.value.trim() && { mac: mac.value.trim() }),
      ...(recipe.value && { recipe: recipe.value }),
      ...(base.value && { base: base.value }),
      ...(allowed.size && { allow: [...allowed] }),
    };
  }

  const allow = (name, on) => (on ? allowed.add(name) : allowed.delete(name));

  async function preview() {
    fill(result);
    show(outcome, false);
    picture.clear();
    show(toWrite, false);
    show(keepRecipe, false);
    // With a base the files alone are asked; without one the chip is.
    const alone = base.value && session.can("splice");
    const spliced = alone
      ? await app.run(box, "splice", options(), { allow })
      : await app.run(box, "rewrite", app.conditions({ ...options(), dry_run: true }), { allow });
    if (!spliced) return;
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
      findings(spliced.findings, allow, [...allowed]),
      picture.element,
      legend(spliced.picture ? ["blank", "filled", "text", "code", "compressed", "changed"] : ["kept", "planned"]),
    );
    show(outcome, true);
    if (spliced.picture) picture.contents(spliced.picture);
    else picture.plan(size, spliced.planned.ranges, regions);
    show(toWrite, true);
    show(keepRecipe, Boolean(spliced.recipe));
  }

  function row(region) {
    const select = h("select", { do: `source-${region.name}`, "aria-label": `source of ${region.name}` });
    choices(select, [{ value: "", label: "the board's default" }, { value: "own", label: "own" }, { value: "donor", label: "donor" }, { value: "blank", label: "blank" }]);
    select.value = sources.get(region.name) ?? "";
    select.addEventListener("change", () => {
      sources.set(region.name, select.value);
      show(toWrite, false);
    });
    return h("tr", { class: region.changes ? "changes" : "" },
      h("th", { scope: "row" }, region.inside && "↳ ", region.name),
      h("td", {}, h("code", {}, address(region.offset)), ` ${bytes(region.size)}`),
      h("td", {}, region.was),
      h("td", {}, region.changes ? region.will_be : "the same"),
      h("td", {}, h("b", {}, region.source), h("small", {}, region.why)),
      h("td", {}, select));
  }

  async function go() {
    app.go("write");
    app.set({ job: { name: "rewrite", options: app.conditions(options()) } });
  }

  const lists = () => {
    choices(base, [{ value: "", label: "what is on the chip now" }, ...app.backupChoices()]);
    choices(recipe, [{ value: "", label: "none" }, ...app.state.files.filter((file) => file.name.endsWith(".toml")).map((file) => ({ value: file.path, label: file.name }))]);
    const files = app.state.files.filter((file) => !file.name.endsWith(".toml"));
    fill(
      donors,
      files.length === 0 && h("p", { class: "hint" }, "Drop the vendor's file or a dump in Files first."),
      files.map((file) =>
        h("label", { class: "check" }, h("input", { type: "checkbox", do: "donor", value: file.path, checked: chosen.has(file.path), on: { change: (event) => (event.target.checked ? chosen.add(file.path) : chosen.delete(file.path)) } }), ` ${file.name}`)),
    );
  };
  app.addEventListener("state", ({ detail }) => {
    if (detail.donor) chosen.add(detail.donor);
    if ("boards" in detail) choices(board, [{ value: "", label: "by its contents" }, ...app.state.boards.map((board) => ({ value: board.name, label: board.model }))]);
    if ("files" in detail || "backups" in detail || detail.donor) lists();
  });
  outcome.append(h("div", { class: "actions" }, toWrite, keepRecipe));
  lists();
  return [
    panel(
      "Choose the contents",
      h("div", { class: "row" }, field("Board", board), field("This board's own data from", base), field("MAC address", mac), field("Recipe", recipe, "A recipe dropped in Files repeats an earlier splice.")),
      h("fieldset", {}, h("legend", {}, "New firmware from"), donors),
      h("p", { class: "hint" }, "The chip is read and backed up first. Nothing is written before you have seen the plan and confirmed it."),
      h("div", { class: "actions" }, button("preview", "Preview the result", preview, "primary")),
      box,
    ),
    outcome,
  ];
}
