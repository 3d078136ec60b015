// What runs: its stage, how far it is, what it has said, and the button that stops it.

import { button, bytes, fill, h, show, time } from "./dom.js";

const NAMES = {
  rewrite: "Splice and write",
  resume: "Open job",
  drop: "Open job",
  otp: "Security registers",
  "otp-diff": "Security registers",
  "otp-program": "Security registers",
  "otp-erase": "Security registers",
  "otp-lock": "Security registers",
  "otp-clone": "Security registers",
  "backup-verify": "Backups",
  "backup-name": "Backups",
  "backup-export": "Backups",
  "backup-import": "Backups",
  "backup-remove": "Backups",
};

export function activity(app, place) {
  const { session } = app;
  const title = h("b", {});
  const detail = h("span", {});
  const bar = h("progress", { max: 100, "aria-label": "how far it is" });
  const stop = button("stop", "Stop at a safe place", () => session.stop(), "danger");
  const log = h("ul", { class: "log" });
  const more = h("details", { open: true }, h("summary", {}, "Messages"), log);
  // Said by a screen reader as stages change, not for each hundredth.
  const spoken = h("span", { class: "unseen", role: "status" });
  place.append(h("div", { class: "running" }, h("div", { class: "what" }, title, detail), stop), bar, more, spoken);
  let shown = null;
  let lines = 0;

  function words(entry) {
    if (entry.question) return "waits for your answer";
    if (!entry.ended) return entry.stage ? `${entry.stage}${entry.total ? `, ${bytes(entry.done)} of ${bytes(entry.total)}` : ""}${entry.expected ? `, about ${time(entry.expected)} in all` : ""}` : "…";
    return entry.error ? entry.error.message : outcome(entry.result);
  }

  session.addEventListener("change", () => {
    const entry = session.job;
    if (!entry) return;
    if (shown !== entry) {
      shown = entry;
      lines = 0;
      fill(log);
    }
    show(place, true);
    if (entry.ended && place.dataset.state === "running") more.open = Boolean(entry.error);
    else if (!entry.ended && place.dataset.state !== "running") more.open = true;
    place.dataset.state = entry.error ? "failed" : entry.ended ? "done" : "running";
    title.textContent = NAMES[entry.name] ?? (entry.name ? entry.name[0].toUpperCase() + entry.name.slice(1) : "A request of another tab");
    detail.textContent = words(entry);
    show(stop, !entry.ended);
    stop.disabled = !session.inCharge;
    show(bar, !entry.ended);
    if (entry.total) bar.value = (100 * entry.done) / entry.total;
    else bar.removeAttribute("value");
    for (const { kind, text } of entry.log.slice(lines)) log.append(h("li", { class: kind }, text));
    lines = entry.log.length;
    show(more, lines > 0);
    const say = entry.ended ? words(entry) : entry.stage;
    if (spoken.textContent !== say) spoken.textContent = say;
  });
}

/** The end in a few words. */
function outcome(result) {
  const chip = { written: "written and verified", untouched: "done; the chip is as it was", partial: "the chip is partly written", restored: "the chip is as it was before" }[result.chip];
  if (result.dry_run) return "planned; nothing was written";
  if (chip) return chip;
  return result.command === "backup" ? `stored as ${result.backup}` : "done";
}
