// Writing: the plan as it is carried out, cell by cell; the stop; what an earlier run left open; verify.

import { differing, findings, messages, panel, rangeList } from "./app.js";
import { button, bytes, choices, facts, field, fill, h, show, time } from "./dom.js";
import { Picture, legend } from "./picture.js";
import { jobs } from "./view-bench.js";

const WRITE = "erase, program, verify";
const JOBS = new Set(["rewrite", "write", "restore", "resume", "erase", "patch"]);

export function write(app) {
  return [jobs(app), running(app), file(app), verify(app)];
}

/** The job that runs, or ran last. */
function running(app) {
  const { session } = app;
  const box = messages();
  const state = h("p", { role: "status", "data-state": "" });
  const picture = new Picture("the write");
  const counts = h("div", {});
  const hint = h("p", { class: "hint" }, "Nothing is being written. Start from Splice, from a file below, or from a backup. The plan is shown before anything is written.");
  let drawn = "";

  app.start = (name, options) => {
    app.go("write");
    return app.run(box, name, options);
  };

  session.addEventListener("change", () => {
    const entry = session.job;
    if (!entry || !JOBS.has(entry.name || "rewrite") || (entry.name === "" && !entry.asked && entry.stage !== WRITE)) return;
    show(hint, false);
    state.textContent = entry.question ? "The plan waits for your answer." : !entry.ended ? (entry.stage ?? "") : end(entry);
    state.className = entry.ended ? (entry.error ? "bad" : "good") : "";
    const planned = entry.asked?.planned ?? entry.result?.planned;
    const size = entry.chip?.size ?? app.state.chip?.size;
    if (planned && size) {
      const written = entry.result?.chip === "written";
      const done = written ? Infinity : entry.stage === WRITE ? entry.done : 0;
      const regions = (entry.spliced?.regions ?? []).map((region) => ({ name: region.name, start: region.offset, end: region.offset + region.size }));
      const key = `${entry.id} ${done}`;
      if (key !== drawn) picture.plan(size, planned.ranges, regions, done);
      drawn = key;
    }
    const written = entry.result?.chip === "written" && h("p", {}, "Take the clip off before the board gets its power. If it does not start: put the backup back, in Backups.");
    if (entry.ended && entry.result) fill(counts, written, totals(entry.result), findings(entry.result.findings));
    else fill(counts);
  });

  return panel("The write", hint, state, picture.element, legend(["kept", "planned", "done"]), counts, box);
}

function end(entry) {
  if (entry.error) return `${entry.error.message}${entry.error.chip ? ` (chip: ${entry.error.chip})` : ""}`;
  const result = entry.result;
  if (result.dry_run) return "Planned; nothing was written.";
  return { written: "Written and verified.", untouched: "Nothing had to be written.", restored: "The chip holds what it held before.", partial: "The chip is partly written." }[result.chip] ?? "Done.";
}

function totals(result) {
  return facts([
    ["backup", result.backup],
    ["job", result.job],
    ["read", result.bytes_read && bytes(result.bytes_read)],
    ["erased", result.bytes_erased && bytes(result.bytes_erased)],
    ["programmed", result.bytes_programmed && bytes(result.bytes_programmed)],
    ["verified", result.bytes_verified && bytes(result.bytes_verified)],
    ["took", result.write_ms && time(result.write_ms)],
  ]);
}

/** One file onto the chip, as it is. */
function file(app) {
  const { session } = app;
  const what = h("select", { do: "write-what" });
  const at = h("input", { type: "text", do: "write-at", placeholder: "0x20000", autocomplete: "off", spellcheck: "false" });
  const box = messages();
  const allowed = new Set();
  const place = panel(
    "Write a file as it is",
    h("div", { class: "row" }, field("File", what), field("From address", at, "Left empty, the file has to be as long as the chip.")),
    h("div", { class: "actions" }, button("write", "Plan the write…", async () => {
      const from = at.value.trim() === "" ? undefined : Number(at.value.trim());
      if (from !== undefined && !(Number.isSafeInteger(from) && from >= 0)) {
        fill(box, h("p", {}, `"${at.value}" is no address: 0x8000 or 32768 is one.`));
        return show(box, true);
      }
      if (!app.chosen(box, what.value, "Drop the file in Files first, then choose it here.")) return;
      const options = { file: what.value, at: from, ...(allowed.size && { allow: [...allowed] }) };
      await app.run(box, "write", app.conditions(options), { allow: (name, on) => (on ? allowed.add(name) : allowed.delete(name)) });
    })),
    box,
  );
  app.addEventListener("state", ({ detail }) => "files" in detail && choices(what, app.state.files.map((file) => ({ value: file.path, label: file.name }))));
  session.addEventListener("change", () => show(place, session.can("write")));
  show(place, false);
  return place;
}

/** The chip against a file. */
function verify(app) {
  const what = h("select", { do: "verify-what" });
  const box = messages();
  const place = h("div", { "data-verified": "" });
  app.addEventListener("state", ({ detail }) => {
    if (!("files" in detail) && !("backups" in detail)) return;
    choices(what, [
      ...app.state.files.map((file) => ({ value: file.path, label: file.name })),
      ...app.backupChoices((backup) => `${backup.path}/flash.bin`),
    ]);
  });
  const check = async () => {
    fill(place);
    if (!app.chosen(box, what.value, "Drop a file in Files or take a backup first, then choose it here.")) return;
    const found = await app.run(box, "verify", app.conditions({ file: what.value }));
    if (!found) return;
    const ranges = found.differing_ranges;
    fill(
      place,
      found.equal ? h("p", { class: "good" }, "The chip holds exactly this.") : h("p", { class: "bad" }, differing(found.differing_bytes, ranges)),
      rangeList(ranges),
    );
  };
  return panel("Verify", h("div", { class: "row" }, field("The chip against", what)), h("div", { class: "actions" }, button("verify", "Compare", check)), place, box);
}
