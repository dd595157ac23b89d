// The parent side of the frame protocol of Bitrix24's JS SDK: opens the app's iframes and answers their messages.
//
// child -> parent  "command[:PARAMS]:callbackKey:APP_SID" (PARAMS is JSON and may hold colons), or, for commands that
//                  hold a colon themselves, {method, params, callback, appSid}
// parent -> child  "callbackKey:JSON", to the iframe's own origin only
"use strict";

const Frames = (() => {
  const open = [];

  const ask = async (path, body, verb = "POST") => {
    const answer = await fetch(path, {
      method: verb,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body || {}),
    });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.error || answer.statusText);
    return found;
  };

  // Submits the browser's form into a fresh iframe whose name tells the SDK where it is.
  async function start(host) {
    const options = { ...JSON.parse(host.dataset.options || "{}"), URI: location.pathname + location.search };
    const post = await ask("/portal/frame", {
      placement: host.dataset.placement,
      handler: host.dataset.handler,
      options,
    });
    const iframe = document.createElement("iframe");
    iframe.name = post.name;
    iframe.title = host.dataset.placement;
    iframe.dataset.test = "app-iframe";
    host.replaceChildren(iframe);
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: post.url, target: post.name, hidden: true });
    for (const [name, value] of Object.entries(post.fields)) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      form.append(input);
    }
    document.body.append(form);
    forget(host);
    open.push({ host, iframe, sid: post.sid, init: post.init, origin: new URL(post.action).origin, events: {} });
    form.submit();
    form.remove();
  }

  function forget(host) {
    const place = open.findIndex((frame) => frame.host === host || !frame.iframe.isConnected);
    if (place >= 0) open.splice(place, 1);
  }

  function parse(message) {
    if (message && typeof message === "object") {
      return { command: message.method, params: message.params, key: message.callback, sid: message.appSid };
    }
    const parts = String(message).split(":");
    if (parts.length < 3) return null;
    const [sid, key, command] = [parts.pop(), parts.pop(), parts.shift()];
    const rest = parts.join(":");
    let params = rest;
    try {
      params = rest ? JSON.parse(rest) : {};
    } catch {
      // setValue sends a raw string
    }
    return { command, params, key, sid };
  }

  const commands = {
    getInitData: (frame) => frame.init,
    refreshAuth: async (frame) => Object.assign(frame.init, await ask("/portal/auth")),
    setInstall: () => true,
    setInstallFinish: async () => {
      await ask("/portal/install-finish");
      setTimeout(() => Portal.leave("/"), 50);
      return true;
    },
    setAppOption: () => true,
    setUserOption: () => true,
    resizeWindow: (frame, { width, height }) => {
      frame.iframe.style.height = `${Math.max(200, Number(height))}px`;
      frame.iframe.style.width = width === "100%" || !Number(width) ? "100%" : `min(100%, ${Number(width)}px)`;
      return { width: frame.iframe.clientWidth, height: frame.iframe.clientHeight };
    },
    setScroll: (frame, { scroll }) => {
      const top = frame.iframe.getBoundingClientRect().top + window.scrollY;
      window.scrollTo({ top: top + Number(scroll || 0) });
      return true;
    },
    setTitle: (frame, { title }) => {
      document.title = title;
      return true;
    },
    reloadWindow: () => {
      setTimeout(() => location.reload(), 20);
      return true;
    },
    openPath: async (frame, { path }) => {
      // The SDK chooses the slider's width by a dummy section undone with "..": the browser normalises it.
      const target = new URL(path, location.origin);
      const known = /^\/(crm\/(deal|lead|contact|company)|marketplace|report|notifications)\//.test(target.pathname);
      if (target.origin !== location.origin || !known) return { result: "error", errorCode: "PATH_NOT_AVAILABLE" };
      await Portal.slider(target.pathname + target.search);
      return { result: "close" };
    },
    openApplication: async (frame, params) => {
      const query = new URLSearchParams();
      for (const [key, value] of Object.entries(params || {})) query.set(`params[${key}]`, value);
      const code = document.querySelector("[data-app-code]")?.dataset.appCode || Portal.appCode;
      await Portal.slider(`/marketplace/view/${code}/?${query}`);
      return true;
    },
    closeApplication: () => {
      Portal.closeSlider();
      return undefined;
    },
    getInterface: () => ({
      command: ["getInterface", "placementBindEvent", "setPropertyValue", "reloadData"],
      event: ["onCrmEntityUpdate"],
    }),
    placementBindEvent: (frame, { event }, key) => {
      frame.events[event] = key;
      return undefined;
    },
    setPropertyValue: (frame, values) => {
      const form = frame.host.closest("[data-robot]");
      for (const [name, value] of Object.entries(values || {})) {
        const input = form?.querySelector(`[name="${CSS.escape(name)}"]`);
        if (input) setTo(input, value);
      }
      return true;
    },
    reloadData: () => {
      Portal.refresh();
      return true;
    },
  };

  // A choice that the list has not got, an expression for one, is added to it.
  function setTo(input, value) {
    if (input.matches("select") && ![...input.options].some((one) => one.value === value)) input.add(new Option(value, value));
    input.value = value;
  }

  function reply(frame, key, value) {
    const text = value === undefined ? "" : JSON.stringify(value);
    frame.iframe.contentWindow?.postMessage(`${key}:${text}`, frame.origin);
  }

  // Tell frames that asked for it that something happened on the page around them.
  function announce(event, data) {
    for (const frame of open) if (frame.events[event]) reply(frame, frame.events[event], data);
  }

  addEventListener("message", async (event) => {
    const frame = open.find((one) => one.iframe.contentWindow === event.source);
    if (!frame || event.origin !== frame.origin) return;
    const message = parse(event.data);
    if (!message || message.sid !== frame.sid || !Object.hasOwn(commands, message.command)) return;
    const value = await commands[message.command](frame, message.params || {}, message.key);
    const silent = message.command === "placementBindEvent" || message.command === "closeApplication";
    if (!silent) reply(frame, message.key, value);
  });

  return { ask, start, announce };
})();
