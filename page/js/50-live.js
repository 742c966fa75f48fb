// Live pages. posta.live(url, {"payment.paid": data => …}) opens the event
// stream, says when the line is lost and catches up by itself. Handlers get the
// parsed JSON (or the text) and the event; "*" gets every event; onlost and
// onback hear of the line. <body data-live="/events"> does it without a script
// and announces each event as "posta:NAME" on document. An element with an id
// and data-refresh="payment.paid refund.*" (or "*") is fetched again from this
// page's address when such an event comes, and after a lost line.
(function () {
  const banner = () => document.getElementById("lost");
  let lostCount = 0;
  function lost(is) {
    const before = lostCount;
    lostCount = Math.max(0, lostCount + (is ? 1 : -1));
    const bar = banner();
    if (bar) bar.hidden = lostCount === 0;
    if (before && !lostCount) posta.toast(document.body.dataset.backOnline);
  }

  posta.live = function (url, handlers, names) {
    handlers = handlers || {};
    let source, timer, wait = 1000, last = "", isLost = false, stopped = false;
    const wanted = new Set([...Object.keys(handlers), ...(names || [])].filter((n) => n !== "*"));
    wanted.add("message");
    function hear(e) {
      if (e.lastEventId) last = e.lastEventId;
      let data = e.data;
      try { data = JSON.parse(e.data); } catch { /* plain text */ }
      const name = e.type === "message" && data && data.type ? data.type : e.type;
      handlers[name]?.(data, e);
      handlers["*"]?.(data, e, name);
      document.dispatchEvent(new CustomEvent("posta:" + name, { detail: data }));
      refreshFor(name);
    }
    function open() {
      clearTimeout(timer);
      const u = new URL(url, location.href);
      if (last) u.searchParams.set("after", last); // a new EventSource cannot send Last-Event-ID
      source = new EventSource(u);
      source.onopen = () => {
        wait = 1000;
        if (!isLost) return;
        isLost = false;
        lost(false);
        handlers.onback?.();
        refreshFor("*");
      };
      source.onerror = () => {
        if (stopped) return;
        if (!isLost) { isLost = true; lost(true); handlers.onlost?.(); }
        if (source.readyState === EventSource.CLOSED) { // the browser gave up: a 5xx, a proxy
          timer = setTimeout(open, wait * (0.75 + Math.random() / 2));
          wait = Math.min(wait * 2, 30000);
        }
      };
      wanted.forEach((name) => source.addEventListener(name, hear));
    }
    const now = () => { if (!stopped && isLost && source.readyState !== EventSource.OPEN) { source.close(); wait = 1000; open(); } };
    window.addEventListener("online", now);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) now(); });
    window.addEventListener("pagehide", () => source.close());
    window.addEventListener("pageshow", (e) => { if (e.persisted && !stopped) { open(); refreshFor("*"); } });
    open();
    return { close() { stopped = true; clearTimeout(timer); source.close(); if (isLost) lost(false); } };
  };

  const matches = (patterns, name) => patterns.split(/\s+/).some((p) => p === "*" || name === "*" || p === name || (p.endsWith("*") && name.startsWith(p.slice(0, -1))));
  let busy = false, again = new Set();
  function refreshFor(name) {
    document.querySelectorAll("[id][data-refresh]").forEach((el) => { if (matches(el.dataset.refresh, name)) again.add(el.id); });
    if (again.size) posta.refresh();
  }
  // posta.refresh("id", …) fetches this page again and replaces those elements.
  posta.refresh = async function (...ids) {
    ids.forEach((id) => again.add(id));
    if (busy || !again.size) return;
    busy = true;
    const now = again;
    again = new Set();
    try {
      const answer = await fetch(location.href, { headers: { "X-Refresh": "1" } });
      if (answer.redirected) { location.reload(); return; } // the session ended
      if (answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        now.forEach((id) => {
          const old = document.getElementById(id), one = fresh.getElementById(id);
          if (!old || !one || old.isEqualNode(one) || old.querySelector("dialog[open]")) return;
          const marked = [...old.querySelectorAll("details[open][id]")].map((d) => d.id), focus = old.contains(document.activeElement) && document.activeElement.id;
          old.replaceWith(one);
          marked.forEach((d) => { const el = document.getElementById(d); if (el) el.open = true; });
          if (focus) document.getElementById(focus)?.focus();
          one.dispatchEvent(new CustomEvent("posta:refreshed", { bubbles: true }));
        });
        posta.refreshTimes();
      }
    } catch { /* the line is down; the banner says so and onopen comes back here */ }
    busy = false;
    if (again.size) posta.refresh();
  };

  const url = document.body.dataset.live;
  if (url) {
    const names = new Set((document.body.dataset.liveEvents || "").split(/\s+/).filter(Boolean));
    document.querySelectorAll("[data-refresh]").forEach((el) => el.dataset.refresh.split(/\s+/).forEach((n) => { if (n && !n.includes("*")) names.add(n); }));
    // A browser gives one address six lines for all its tabs together: a page
    // that nobody looks at leaves its own, and catches up when it is looked at.
    let leaving;
    const follow = () => { posta.stream = posta.live(url, {}, [...names]); };
    if (!document.hidden) follow();
    document.addEventListener("visibilitychange", () => {
      clearTimeout(leaving);
      if (document.hidden) leaving = setTimeout(() => { posta.stream?.close(); posta.stream = undefined; }, 10000);
      else if (!posta.stream) { follow(); refreshFor("*"); }
    });
  }
})();
