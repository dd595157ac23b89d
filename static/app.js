// The page inside the portal's frame: session, size, links into the portal, live numbers. Everything else is markup + htmx.

const { htmx } = window;
const panel = document.getElementById("panel");
const texts = () => document.getElementById("texts").dataset;
const setting = (name) => document.querySelector(`meta[name="${name}"]`);

// The portal ------------------------------------------------------------------------------------------------------------

let portal = null;

/** The portal's page around us (its SDK), started once; fails outside of a frame. */
function frame() {
  portal ??= (async () => {
    if (!window.name.includes("|")) throw new Error(texts().outside);
    const { initializeB24Frame } = await import(setting("b24-sdk").content);
    return initializeB24Frame();
  })();
  return portal;
}

let fitted = 0;

/** Makes the frame as high as its content. The SDK's own fit never shrinks, so the height is ours. */
function fit() {
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  if (height === fitted || !window.name.includes("|")) return;
  fitted = height;
  frame().then((b24) => b24.parent.message.send("resizeWindow", { width: "100%", height, isSafely: true })).catch(() => {});
}

async function openInPortal(path) {
  const b24 = await frame();
  await b24.slider.openPath(b24.slider.getUrl(path));
}

async function finishInstall(mark) {
  const b24 = await frame();
  if (b24.isInstallMode) await b24.installFinish();
  else htmx.ajax("GET", mark.dataset.installDone || "/ui/my", "#page");
}

// A robot's settings: every change is handed to the portal's form, which saves it --------------------------------------

/** What the form says; a place gives a scorecard and an indicator. */
function robotProperties(form) {
  const values = Object.fromEntries(new FormData(form));
  const place = form.querySelector("[data-place]")?.selectedOptions[0].dataset;
  return place ? { ...values, scorecard: place.scorecard, indicator: place.indicator } : values;
}

/** Not by the SDK's `placement.call`, which adds a property of its own to those of the robot. */
async function handOver(form) {
  const b24 = await frame();
  await b24.parent.message.send("setPropertyValue", { ...robotProperties(form), isSafely: true });
  document.querySelector("[data-handed]").hidden = false;
}

document.addEventListener("input", ({ target }) => {
  const form = target.closest("[data-robot-settings]");
  if (form) handOver(form).catch((error) => complain(error.message));
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-robot-settings]")) event.preventDefault();
});

// The session: a token in memory, sent with every request ---------------------------------------------------------------

const session = { token: null, renewAt: 0 };
let renewal = null;

function remember(token, seconds) {
  session.token = token;
  session.renewAt = Date.now() + 1000 * Math.max(seconds - 60, seconds / 2);
}

function renew() {
  renewal ??= askForSession().finally(() => { renewal = null; });
  return renewal;
}

async function askForSession() {
  const b24 = await frame();
  const { auth, slider } = b24;
  const known = auth.getAuthData() || await auth.refreshAuth();
  const response = await fetch("/ui/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      access_token: known.access_token, member_id: known.member_id, domain: new URL(slider.getTargetOrigin()).host,
      language: b24.getLang(),
    }),
  });
  if (!response.ok) throw new Error(sentence(await response.text()));
  const { token, expires_in: seconds } = await response.json();
  remember(token, seconds);
}

const given = setting("b24-session");
if (given) remember(given.content, Number(given.dataset.expiresIn));

document.addEventListener("htmx:confirm", (event) => {
  const { elt, issueRequest } = event.detail;
  if (session.token && Date.now() < session.renewAt) return;
  event.preventDefault();
  renew().then(() => issueRequest(true), (error) => complain(error.message, elt));
});

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers.Authorization = `Bearer ${session.token}`;
});

const repeated = new WeakSet();

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, elt, target, requestConfig } = event.detail;
  if (xhr.status !== 401 || repeated.has(elt)) return repeated.delete(elt);
  event.preventDefault();
  repeated.add(elt);
  session.renewAt = 0;
  htmx.ajax(requestConfig.verb, requestConfig.path, { source: elt, target });
});

// What went wrong, in words ---------------------------------------------------------------------------------------------

/** The server's own sentence, from an error fragment or a problem document. */
function sentence(body) {
  try {
    const { detail, title } = JSON.parse(body);
    return detail || title || texts().failed;
  } catch {
    const page = new DOMParser().parseFromString(body, "text/html");
    return page.querySelector(".error-message")?.textContent.trim() || texts().failed;
  }
}

const isBoot = (elt) => elt?.dataset.boot !== undefined;

/** Says it where it was expected: instead of the page that did not come, else in a note above the page. */
function complain(message, elt) {
  if (elt?.dataset.live !== undefined) return document.body.classList.add("offline");
  const note = document.createElement("p");
  note.textContent = message;
  if (isBoot(elt)) {
    note.className = "card error-message";
    return document.getElementById("page").replaceChildren(note);
  }
  note.className = "toast";
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 8000);
}

// The first page that does not come is replaced by the server's own error page.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.isError && isBoot(detail.requestConfig.elt)) detail.shouldSwap = true;
});

document.addEventListener("htmx:responseError", ({ detail }) => {
  if (!isBoot(detail.elt)) complain(sentence(detail.xhr.responseText), detail.elt);
});
document.addEventListener("htmx:sendError", ({ detail }) => complain(texts().unreachable, detail.elt));
document.addEventListener("htmx:timeout", ({ detail }) => complain(texts().unreachable, detail.elt));
document.addEventListener("htmx:afterOnLoad", () => document.body.classList.remove("offline"));

// Live numbers ----------------------------------------------------------------------------------------------------------

const busy = () => document.hidden || document.activeElement?.matches("select, input, textarea");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.dataset.live !== undefined && busy()) event.preventDefault();
});

// An answer that comes after its page has gone changes nothing.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { elt } = detail.requestConfig;
  if (elt.dataset.live !== undefined && !elt.isConnected) detail.shouldSwap = false;
});

// The document came in the browser's language when it came without a session; the pages come in the viewer's.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  document.documentElement.lang = detail.xhr.getResponseHeader("Content-Language") || document.documentElement.lang;
});

let before = new Map();
let scrolled = new Map();

document.addEventListener("htmx:beforeSwap", () => {
  before = new Map([...document.querySelectorAll("[data-value]")].map((one) => [one.id, one.dataset.value]));
  scrolled = new Map([...document.querySelectorAll("[data-scroll]")].map((one) => [one.id, { left: one.scrollLeft, top: one.scrollTop }]));
});

document.addEventListener("htmx:afterSettle", (event) => {
  const live = event.detail.elt.id === "page" && event.detail.requestConfig?.elt.dataset.live !== undefined;
  for (const [id, place] of scrolled) document.getElementById(id)?.scrollTo(place);
  if (!live) return;
  for (const one of document.querySelectorAll("[data-value]")) {
    if (!before.has(one.id) || before.get(one.id) === one.dataset.value) continue;
    one.classList.add("changed");
    if (one.dataset.announce) document.getElementById("said").textContent = one.dataset.announce;
  }
});

const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

const inWords = (number, unit) => new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" }).format(number, unit);

function tellAges() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const seconds = Math.min(0, (Date.parse(time.dateTime) - Date.now()) / 1000);
    const [unit, length] = UNITS.find(([, size]) => -seconds >= size) ?? UNITS.at(-1);
    time.textContent = inWords(Math.ceil(seconds / length) || 0, unit);
  }
}

setInterval(tellAges, 10_000);

let pace = null;

/** How long a progress bar will still take, from how fast it moved since we first saw it. */
function tellRemaining() {
  const bar = document.querySelector("[data-eta]");
  if (!bar) return;
  const [done, total] = [Number(bar.dataset.done), Number(bar.dataset.total)];
  pace ??= { done, since: Date.now() };
  if (done <= pace.done || !total) return;
  const seconds = Math.ceil((total - done) * (Date.now() - pace.since) / 1000 / (done - pace.done));
  const [unit, length] = seconds < 90 ? ["second", 1] : ["minute", 60];
  const eta = bar.querySelector(".eta");
  eta.hidden = false;
  eta.lastElementChild.textContent = inWords(Math.ceil(seconds / length), unit);
}

// The side panel --------------------------------------------------------------------------------------------------------

let opener = "";

/** Puts the panel where the reader looks: the frame is as high as its content, so its middle may be out of sight. */
function openPanel() {
  if (!panel.open) {
    opener = document.activeElement?.id;
    panel.showModal();
    document.getElementById("panel-title")?.focus();
  }
  panel.style.top = panel.style.height = "";
  new IntersectionObserver(([{ intersectionRect: seen }], observer) => {
    observer.disconnect();
    const height = Math.max(seen.height, Math.min(640, window.screen.availHeight));
    panel.style.top = `${seen.top}px`;
    panel.style.height = `${height}px`;
    document.body.style.minHeight = `${seen.top + height}px`;
  }).observe(panel);
}

panel.addEventListener("close", () => {
  // The page may have been renewed meanwhile: then what opened the panel is another element by the same name.
  if (document.activeElement === document.body || panel.contains(document.activeElement)) document.getElementById(opener)?.focus();
  document.body.style.minHeight = "";
  const address = new URL(window.location);
  address.searchParams.delete("why");
  address.searchParams.delete("whose");
  history.replaceState({ htmx: true }, "", address);
});

// Everything that arrives -----------------------------------------------------------------------------------------------

// On a phone a row of tabs is wider than the screen: the one we are on is in its middle.
function centreTabs() {
  for (const tab of document.querySelectorAll(".tabs [aria-current], .segments [aria-current]")) {
    const row = tab.parentElement;
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  }
}

document.addEventListener("htmx:load", ({ target }) => {
  tellAges();
  centreTabs();
  tellRemaining();
  fit();
  const done = target.querySelector?.("[data-install-done]");
  if (done) finishInstall(done).catch((error) => complain(error.message));
});

// Whoever goes on by keyboard goes on where the page begins, not where the browser does.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  const { elt, requestConfig, target } = detail;
  if (requestConfig?.elt.dataset.live !== undefined || document.activeElement !== document.body) return;
  if (elt.id === "page") elt.focus({ preventScroll: true });
  else if (requestConfig?.verb === "post") target.focus({ preventScroll: true }); // a part that was sent in and answered
});

// At the swap, not when it has settled: by then the reader may have closed the panel again.
document.addEventListener("htmx:afterSwap", ({ target }) => {
  if (target.closest?.("#panel-body")) openPanel();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-portal-path]");
  if (link) openInPortal(link.dataset.portalPath).catch((error) => complain(error.message));
  if (event.target.closest("[data-close-panel]") || event.target === panel) panel.close();
});

// Back and forward ask the server again, through the same session as every other request: no page is kept in the browser.
document.addEventListener("htmx:historyCacheMiss", (event) => {
  event.preventDefault();
  if (panel.open && !event.detail.path.includes("why=")) panel.close();
  htmx.ajax("GET", event.detail.path, "#page");
});

new ResizeObserver(fit).observe(document.body);
