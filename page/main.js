// The page: its views, its head, and the connection to the engine.

import { App } from "./app.js";
import { activity } from "./activity.js";
import { button, fill, h, show } from "./dom.js";
import { question } from "./question.js";
import { Session } from "./session.js";
import { connect } from "./transport.js";
import { backups } from "./view-backups.js";
import { bench } from "./view-bench.js";
import { files } from "./view-files.js";
import { flash } from "./view-flash.js";
import { otp } from "./view-otp.js";
import { splice } from "./view-splice.js";
import { write } from "./view-write.js";

const VIEWS = [
  ["bench", "Bench", bench],
  ["flash", "Flash", flash],
  ["files", "Files", files],
  ["splice", "Splice", splice],
  ["write", "Write", write],
  ["backups", "Backups", backups],
  ["otp", "OTP", otp],
];

const find = (id) => document.getElementById(id);
const session = new Session();
const app = new App(session);
const views = new Map();

/** Makes every view once; they follow what is known by themselves. */
function build() {
  for (const [name, title, make] of VIEWS) {
    const view = h("div", { class: "view", "data-view": name, hidden: true }, h("h2", {}, title), make(app));
    views.set(name, view);
    find("main").append(view);
    find("views").append(h("li", {}, h("a", { href: `#${name}`, do: `view-${name}` }, title)));
  }
}

function route() {
  const name = views.has(location.hash.slice(1)) ? location.hash.slice(1) : "bench";
  for (const [other, view] of views) {
    show(view, other === name);
    const link = document.querySelector(`[data-do="view-${other}"]`);
    if (other === name) {
      link.setAttribute("aria-current", "page");
      // On a phone the links are a row that is longer than the screen.
      link.closest("nav").scrollLeft = link.offsetLeft - 60;
    } else link.removeAttribute("aria-current");
  }
  document.title = `norsplice: ${name}`;
  views.get(name).dispatchEvent(new Event("shown"));
}

/** The line at the top: which programmer, and who is on its clip. */
function subject() {
  const { chip, programmer } = app.state;
  const name = programmer?.startsWith("emu") ? "emulated programmer" : programmer;
  const parts = [name ?? "no programmer chosen", chip && `${chip.part} (${chip.jedec_id})`];
  find("subject").textContent = parts.filter(Boolean).join(" · ");
}

/** Why there is no engine, in words. */
let unreachable = "";

/** What is above everything else now. A button that is made anew while someone presses it is not pressed. */
let noticed = "";

function tell(text, control) {
  if (noticed === text) return;
  noticed = text;
  const box = find("notice");
  fill(box, h("span", {}, text), control);
  show(box, true);
}

/** Above everything else: no connection, or another tab in charge. */
function notice() {
  if (!session.connected) {
    tell(unreachable || "No connection to norsplice. What runs there keeps running.", button("connect", "Try again", start));
  } else if (!session.inCharge && session.operations.size) {
    tell("Another tab is in charge. This one only watches.", button("take-over", "Take over here", () => session.takeOver()));
  } else if (complaint) {
    tell(complaint, button("dismiss", "Close", () => complain("")));
  } else {
    noticed = "";
    show(find("notice"), false);
  }
}

/** What the engine could not do anything with, until it is closed. */
let complaint = "";

function complain(text) {
  complaint = text;
  notice();
}

let loaded = false;

/** The lists that every view needs, once this tab is heard. */
async function load() {
  if (loaded || !session.inCharge || session.busy) return;
  loaded = true;
  const [programmers, boards] = await Promise.all([session.request("list").catch(() => null), session.request("boards").catch(() => null)]);
  app.set({ ...(programmers && { programmers }), ...(boards && { boards: boards.boards }) });
  if (!app.state.programmer && session.programmer) app.set({ programmer: session.programmer });
  app.chooseTheOnly();
  await app.lists();
  document.body.dataset.ready = "";
}

let starting = false;

async function start() {
  if (starting) return;
  starting = true;
  try {
    loaded = false;
    session.use(await connect());
    unreachable = "";
  } catch (error) {
    unreachable = error.message;
    notice();
  } finally {
    starting = false;
  }
}

build();
activity(app, find("activity"));
question(app, find("question"));
session.addEventListener("change", () => {
  notice();
  load();
});
session.addEventListener("lost", () => setTimeout(start, 1000));
session.addEventListener("complaint", ({ detail }) => complain(detail));
session.addEventListener("line", ({ detail: line }) => {
  if (line.event === "chip") app.set({ chip: { ...app.state.chip, ...line } });
});
session.addEventListener("ended", ({ detail: entry }) => {
  const { chip } = app.state;
  // What was read from it before is not what it holds now.
  if (chip && ["written", "partial", "restored"].includes((entry.result ?? entry.error)?.chip)) {
    app.set({ chip: { ...chip, contents: null, last_backup: chip.last_backup && { ...chip.last_backup, same: null } } });
  }
  if (["backup", "rewrite", "write", "restore", "resume", "erase", "drop", "otp-program", "otp-erase", "otp-lock", "otp-clone"].includes(entry.name)) app.lists();
});
app.addEventListener("state", subject);
addEventListener("hashchange", () => {
  route();
  find("main").focus();
});
subject();
route();
start();
