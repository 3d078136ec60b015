// The question that waits: what it is about, as it was shown, and the two answers. An answer carries its digest.

import { button, bytes, count, facts, fill, h, show, spansText, time } from "./dom.js";
import { kept } from "./keep.js";
import { Picture, legend } from "./picture.js";

const TITLES = {
  write: "Write this to the chip?",
  "security-registers": "Change the security registers?",
  lock: "Lock a security register forever?",
  protect: "Change the write protection?",
  "remove-backup": "Remove this backup?",
  "prune-backups": "Remove these backups?",
  "replace-file": "Replace this file?",
  "drop-job": "Abandon this job? The chip stays as it is.",
  "keep-backup": "Save the backup outside of the browser first",
};

export function question(app, dialog) {
  const { session } = app;
  const picture = new Picture("the plan");
  let asked = null;

  function about(line) {
    const planned = line.planned;
    switch (line.kind) {
      case "write":
        return [
          facts([
            ["it takes", `about ${time(planned.ms)}`],
            ["erased", `${bytes(planned.bytes_erased)} in ${count(planned.erases, "step")}`],
            ["programmed", bytes(planned.bytes_programmed)],
            ["read back", bytes(planned.bytes_verified)],
            ["backup", line.backup],
            ["unlocked for it", spansText(line.protected_ranges)],
          ]),
          picture.element,
          legend(["kept", "planned"]),
        ];
      case "security-registers":
        return [h("p", {}, `Their present contents are in backup ${line.backup}.`), h("ul", {}, line.changes.map((change) => h("li", {}, `register ${change.index}: ${change.wanted ? `will hold ${change.wanted.slice(0, 64)}…` : "is erased"}`)))];
      case "lock":
        return [h("p", { class: "danger" }, `Register ${line.register.index} keeps what it holds; nothing can take that back.`)];
      case "protect":
        return [facts([["protected", spansText(line.wanted_ranges) || "nothing"], ["registers", line.writes.map((write) => `${write.register}: ${write.now} to ${write.then}`).join(", ")]])];
      case "remove-backup":
        return [h("p", {}, line.backup), line.only_with_contents && h("p", { class: "danger" }, "It is the only backup with these contents."), line.jobs.length > 0 && h("p", {}, `Jobs that need it: ${line.jobs.join(", ")}`)];
      case "keep-backup":
        return [kept(session, line)];
      default:
        return [h("p", {}, line.file ?? line.job ?? (line.backups ?? []).join(", "))];
    }
  }

  function open(line, entry) {
    const phrase = line.needs === "phrase" ? h("input", { type: "text", do: "phrase", autocomplete: "off", spellcheck: "false", "aria-label": `type: ${line.phrase}` }) : null;
    const yes = button("confirm", line.kind === "write" ? "Write it" : "Yes", () => session.answer(true, phrase?.value), line.kind === "write" ? "primary" : "danger");
    if (phrase) {
      yes.disabled = true;
      phrase.addEventListener("input", () => (yes.disabled = phrase.value !== line.phrase));
    }
    // The question lies over the rest of the page.
    const take = button("answer-here", "Take over here", () => session.takeOver());
    const watch = h("div", {}, h("p", { class: "hint" }, "Another tab is in charge. Answer there, or take over."), take);
    fill(
      dialog,
      h("h2", { id: "question-title" }, TITLES[line.kind] ?? line.kind),
      about(line),
      phrase && h("p", {}, "Type ", h("code", {}, line.phrase), " to confirm: ", phrase),
      watch,
      h("div", { class: "actions" }, button("refuse", "No, change nothing", () => session.answer(false)), line.needs !== "sha256" && yes),
    );
    show(watch, !session.inCharge);
    if (!session.inCharge) for (const control of dialog.querySelectorAll("button, input")) control.disabled = control !== take;
    if (!dialog.open) dialog.showModal();
    if (line.kind === "write") {
      const regions = (entry.spliced?.regions ?? []).map((region) => ({ name: region.name, start: region.offset, end: region.offset + region.size }));
      picture.plan(entry.chip?.size ?? app.state.chip?.size ?? 0, line.planned.ranges, regions);
    }
    (phrase ?? dialog.querySelector('[data-do="refuse"]')).focus();
  }

  // Escape is a no.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (session.inCharge) session.answer(false);
  });
  let charge = null;
  session.addEventListener("change", () => {
    const line = session.current?.question ?? null;
    if (line === asked && charge === session.inCharge) return;
    asked = line;
    charge = session.inCharge;
    if (line) open(line, session.current);
    else if (dialog.open) dialog.close();
  });
}
