// The portal page itself: tabs, buttons that act by fetch, sliders, the viewer switch. Frames.js hosts the app.
"use strict";

const Portal = (() => {
  const texts = document.body.dataset;
  const news = new BroadcastChannel("demo-portal");
  const top = window.parent === window ? null : window.parent.Portal; // inside a slider the outer page opens the next one
  const sliders = [];

  function toast(text, bad = false) {
    const place = document.getElementById("toast");
    place.textContent = text;
    place.className = bad ? "shown bad" : "shown";
    clearTimeout(toast.timer);
    toast.timer = setTimeout(() => (place.className = ""), 4000);
  }

  // Draws again only what the server would now show otherwise; iframes of the app stay as they are.
  async function refresh() {
    if (!document.querySelector("[data-refresh]")) return;
    const answer = await fetch(location.href);
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const place of document.querySelectorAll("[data-refresh]")) {
      const other = fresh.getElementById(place.id);
      if (!other) continue;
      place.innerHTML = other.innerHTML;
      Object.assign(place.dataset, { ...other.dataset });
    }
  }

  function changed() {
    news.postMessage("changed");
    Frames.announce("onCrmEntityUpdate", {});
    return refresh();
  }
  news.onmessage = refresh;

  async function act(button) {
    button.disabled = true;
    try {
      const found = await Frames.ask(button.dataset.post, JSON.parse(button.dataset.body || "{}"), button.dataset.verb);
      toast(`${texts.done}: ${found.title || found.SUBJECT || button.textContent.trim()}`);
      if ("reload" in button.dataset) return location.reload();
      if (button.dataset.leave) return leave(button.dataset.leave);
      if (button.dataset.open) slider(`/crm/${button.dataset.open}/details/${found.id}/`);
      await changed();
    } catch (error) {
      toast(texts.failed + error.message, true);
    } finally {
      button.disabled = false;
    }
    return undefined;
  }

  async function save(form) {
    const given = new FormData(form);
    const fields = Object.fromEntries(given);
    for (const { name } of form.querySelectorAll("select[multiple]")) fields[name] = given.getAll(name);
    try {
      await Frames.ask(form.dataset.patch, { ...fields, as: Number(texts.viewer) }, "PATCH");
      if (fields.title) document.querySelector("h1").textContent = fields.title;
      toast(texts.done);
      await changed();
    } catch (error) {
      toast(texts.failed + error.message, true);
    }
  }

  // A form of one action that ends on another page.
  async function send(form) {
    try {
      await Frames.ask(form.dataset.send, { ...Object.fromEntries(new FormData(form)), as: Number(texts.viewer) });
      leave(form.dataset.leave);
    } catch (error) {
      toast(texts.failed + error.message, true);
    }
  }

  async function runRobot(form) {
    const output = form.querySelector("output");
    const properties = Object.fromEntries(new FormData(form));
    output.textContent = texts.waiting;
    try {
      const run = await Frames.ask("/demo/api/robots/run", {
        code: form.dataset.robot,
        document: form.dataset.document,
        properties,
        wait: 20,
        as: Number(texts.viewer),
      });
      const results = Object.entries(run.results || {}).map(([name, value]) => `${name} = ${value || "–"}`);
      output.textContent = [texts[run.state], ...results, ...run.log].join(" · ");
      output.dataset.state = run.state;
      await changed();
    } catch (error) {
      output.textContent = texts.failed + error.message;
    }
  }

  // The app's own page for the robot's properties, with what is filled in by now; pressed again it goes.
  function robotSettings(button) {
    const form = button.closest("[data-robot]");
    const open = form.querySelector(".app-frame");
    if (open) return open.remove();
    const options = JSON.parse(button.dataset.options);
    options.current_values = Object.fromEntries(new FormData(form));
    const host = document.createElement("div");
    host.className = "app-frame";
    host.dataset.test = "app-frame";
    Object.assign(host.dataset, {
      placement: "ACTIVITY_PROPERTIES_DIALOG",
      handler: button.dataset.handler,
      options: JSON.stringify(options),
    });
    form.append(host);
    return startFrames();
  }

  // Opens a page of the portal over this one; the promise ends when it is closed.
  function slider(path) {
    if (top) return top.slider(path);
    return new Promise((closed) => {
      const url = new URL(path, location.origin);
      url.searchParams.set("IFRAME", "Y");
      const layer = document.createElement("div");
      layer.className = "slider";
      layer.dataset.test = "slider";
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: "×", className: "close" });
      button.dataset.test = "slider-close";
      button.setAttribute("aria-label", texts.close);
      const iframe = document.createElement("iframe");
      Object.assign(iframe, { src: url.href, title: path });
      layer.append(button, iframe);
      document.body.append(layer);
      sliders.push({ layer, closed });
      button.addEventListener("click", closeSlider);
      button.focus();
    });
  }

  function closeSlider() {
    if (top) return top.closeSlider();
    const last = sliders.pop();
    last?.layer.remove();
    last?.closed();
    return undefined;
  }

  // Goes elsewhere: out of a slider by closing it.
  function leave(path) {
    news.postMessage("changed");
    if (top && path !== "/") return closeSlider();
    (top ? window.parent : window).location.href = path;
    return undefined;
  }

  function showTab(name) {
    for (const tab of document.querySelectorAll("[data-tab]")) {
      tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
    }
    for (const panel of document.querySelectorAll("[data-panel]")) panel.hidden = panel.dataset.panel !== name;
    startFrames();
  }

  function startFrames() {
    for (const host of document.querySelectorAll(".app-frame:not([data-started])")) {
      if (host.closest("[hidden]")) continue;
      host.dataset.started = "";
      Frames.start(host).catch((error) => {
        host.textContent = error.message;
      });
    }
  }

  addEventListener("click", (event) => {
    const button = event.target.closest("[data-post]");
    if (button) return void act(button);
    const settings = event.target.closest("[data-settings]");
    if (settings) return robotSettings(settings);
    const tab = event.target.closest("[data-tab]");
    if (tab) return showTab(tab.dataset.tab);
    const link = event.target.closest("a[data-slider]");
    if (link && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      slider(link.getAttribute("href"));
    }
    if (event.target.closest("#burger")) document.getElementById("left").classList.toggle("open");
    return undefined;
  });
  addEventListener("submit", (event) => {
    const form = event.target;
    const { patch, robot, send: action } = form.dataset;
    if (!patch && !robot && !action) return;
    event.preventDefault();
    (patch ? save : robot ? runRobot : send)(form);
  });
  addEventListener("change", (event) => {
    if (event.target.id === "viewer") location.href = `${location.pathname}?viewer=${event.target.value}`;
    if ("submit" in event.target.dataset) event.target.form.submit();
  });
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeSlider();
  });
  addEventListener("DOMContentLoaded", startFrames);
  if (document.readyState !== "loading") startFrames();

  return { slider, closeSlider, refresh, leave };
})();
window.Portal = Portal;
