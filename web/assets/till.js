// The till. The server draws every state; this script types, sends, hears and
// swaps. One payment is in sight at a time; news about it comes by the event
// stream and by the answers to what was sent, whichever is first.
"use strict";
(function () {
  const $ = (id) => document.getElementById(id);

  // What this device remembers: whether and how it prints, what it printed.
  const keep = (name, value) => { try { value === undefined || localStorage.setItem("posta." + name, value); return localStorage.getItem("posta." + name); } catch { return null; } };
  const printsItself = () => keep("print") !== "off";
  document.querySelectorAll("[data-print-switch]").forEach((box) => {
    box.checked = printsItself();
    box.addEventListener("change", () => keep("print", box.checked ? "on" : "off"));
  });
  document.querySelectorAll("[data-paper]").forEach((select) => {
    select.value = (document.cookie.match(/(?:^|; )paper=(58|80)/) || [])[1] || "80";
    select.addEventListener("change", () => posta.cookie("paper", select.value));
  });

  refundForm();
  if (document.querySelector("[data-print-now]")) { // a shift that was closed a moment ago
    history.replaceState(null, "", location.pathname);
    if (printsItself()) window.print();
  }
  const till = $("till");
  if (!till) return;
  const url = till.dataset.url, stage = $("stage"), pane = $("keys-pane"), form = $("charge-form"), amount = $("amount"), charge = $("charge"), nonce = $("nonce"), onTerminal = $("charge-terminal");

  // ── Amounts, written the way the country does ────────────────────────────
  const look = { symbol: till.dataset.symbol, group: till.dataset.group, point: till.dataset.point, decimals: Number(till.dataset.decimals) };
  let typed = ""; // digits and at most one ".": what the keypad has typed
  function written(text) {
    const [whole, cents] = text.split(".");
    let out = look.symbol + (whole || "0").replace(/\B(?=(\d{3})+$)/g, look.group);
    if (cents !== undefined) out += look.point + cents;
    return out;
  }
  const minor = (text) => { const [whole, cents] = text.split("."); return Number((whole || "0") + (cents || "").padEnd(look.decimals, "0").slice(0, look.decimals)); };
  const plain = (n) => { const s = String(n).padStart(look.decimals + 1, "0"); return look.decimals ? s.slice(0, -look.decimals) + (Number(s.slice(-look.decimals)) ? "." + s.slice(-look.decimals) : "") : s; };
  const money = (n) => { const s = String(n).padStart(look.decimals + 1, "0"); return written(look.decimals ? s.slice(0, -look.decimals) + "." + s.slice(-look.decimals) : s); };
  function read(text) { // what was pasted or set by somebody else
    let t = text.replace(/[^\d.,]/g, ""), at = t.search(/[.,]\d{0,2}$/);
    if (look.decimals && at >= 0 && t.slice(0, at).indexOf(t[at]) < 0) return t.slice(0, at).replace(/\D/g, "") + "." + t.slice(at + 1);
    return t.replace(/\D/g, "");
  }
  function type(next) {
    let [whole, cents] = next.split(".");
    whole = whole.replace(/^0+(?=\d)/, "");
    if (whole.length > 10) return;
    typed = cents === undefined ? whole : (whole || "0") + "." + cents.slice(0, look.decimals);
    if (typed === "0") typed = "";
    amount.value = typed ? written(typed) : "";
    paint();
  }
  function paint() {
    const n = minor(typed);
    if (!onTerminal) charge.textContent = till.dataset.wordsCharge + (n ? " " + money(n) : "");
    for (const button of [charge, onTerminal]) button?.setAttribute("aria-disabled", n ? "false" : "true");
    amount.closest(".display").classList.toggle("empty-amount", !typed);
    amount.classList.toggle("long", amount.value.length > 11);
  }
  function press(key) {
    if (amount.readOnly) return;
    if (key === "erase") type(typed.slice(0, -1));
    else if (key === "point") { if (look.decimals && !typed.includes(".")) type((typed || "0") + "."); }
    else type(typed + key);
  }
  amount.setAttribute("inputmode", "none"); // the keypad is on the page
  amount.addEventListener("beforeinput", (e) => {
    if (e.inputType === "insertFromPaste") { e.preventDefault(); type(read(e.dataTransfer?.getData("text") || e.data || "")); return; }
    if (!e.cancelable || e.inputType === "insertLineBreak") return; // Enter charges
    if (e.inputType.startsWith("insert")) { e.preventDefault(); for (const c of e.data || "") { if (/\d/.test(c)) press(c); else if (c === "," || c === ".") press("point"); } }
    else if (e.inputType.startsWith("delete")) { e.preventDefault(); const all = amount.selectionEnd - amount.selectionStart >= amount.value.length; type(all || !/Backward|Forward/.test(e.inputType) || /Word|Line/.test(e.inputType) ? "" : typed.slice(0, -1)); }
  });
  amount.addEventListener("input", () => type(read(amount.value))); // set by a program
  amount.addEventListener("change", () => { if (amount.value !== (typed ? written(typed) : "")) type(read(amount.value)); });
  till.addEventListener("click", (e) => {
    const key = e.target.closest("[data-key]"), quick = e.target.closest("[data-quick]");
    if (key) press(key.dataset.key);
    if (quick && !amount.readOnly) type(plain(quick.dataset.quick));
  });

  // ── By QR or on a terminal: this device keeps what it did last ────────────
  const usual = () => (onTerminal && keep("rail." + till.dataset.till) === "terminal" ? onTerminal : charge);
  function prefer() {
    if (onTerminal) for (const button of [charge, onTerminal]) button.classList.toggle("primary", button === usual());
  }
  const devices = [...form.querySelectorAll("[name=terminal]")];
  function choices() { // what the chosen terminal's connection offers, and what fits the way to pay
    const offers = (form.querySelector("[name=terminal]:checked")?.dataset.options || "").split(" ");
    const way = form.querySelector("[name=way]:checked")?.value || "card";
    form.querySelectorAll("[data-option]").forEach((part) => {
      const fits = offers.includes(part.dataset.option) && (!part.dataset.for || part.dataset.for.split(" ").includes(way));
      part.hidden = !fits;
      part.querySelectorAll("input, select").forEach((field) => { field.disabled = !fits; });
    });
    const more = $("terminal-more");
    if (more) more.hidden = !offers.some(Boolean);
  }
  const kept = keep("terminal." + till.dataset.till);
  if (kept !== null) devices.forEach((box) => { if (box.value === kept) box.checked = true; });
  form.addEventListener("change", (e) => {
    if (e.target.name === "terminal") keep("terminal." + till.dataset.till, e.target.value);
    if (e.target.name === "terminal" || e.target.name === "way") choices();
  });
  prefer();
  choices();

  // ── Items: their sum is the amount ───────────────────────────────────────
  const items = $("items");
  function sum() {
    let total = 0, some = false;
    items.querySelectorAll(".item-row").forEach((row) => {
      const [title, quantity, price] = row.querySelectorAll("input");
      if (!title.value.trim() && !price.value.trim()) return;
      some = true;
      total += (parseInt(quantity.value || "1", 10) || 0) * minor(read(price.value));
    });
    if (some) type(plain(total)); else if (amount.readOnly) type("");
    amount.readOnly = some;
    $("items-sum").textContent = some ? money(total) : "";
  }
  items.addEventListener("input", sum);
  $("add-item").addEventListener("click", () => {
    items.querySelector(".spread").before($("item-row").content.cloneNode(true));
    items.querySelector(".item-row:nth-last-of-type(1) input, .item-row:last-of-type input")?.focus();
  });

  // ── What is in sight ─────────────────────────────────────────────────────
  const seen = () => { const s = $("state"); return s && { id: s.dataset.payment || "", version: Number(s.dataset.version || 0), open: s.dataset.open === "true", moneyed: s.dataset.moneyed === "true", placing: "placing" in s.dataset, declines: Number(s.dataset.declines || 0), ticket: s.dataset.ticket || "" }; };
  const problem = (words) => {
    const box = $("problem");
    box.replaceChildren();
    if (!words) return;
    const one = document.createElement("div");
    one.className = "flash flash-error";
    one.append(words);
    box.append(one);
  };
  function ulid() { // the same shape as the server's
    const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", random = crypto.getRandomValues(new Uint8Array(16));
    let time = posta.now(), out = "";
    for (let i = 0; i < 10; i++) { out = digits[time % 32] + out; time = Math.floor(time / 32); }
    random.forEach((b) => { out += digits[b % 32]; });
    return out;
  }
  let left = ""; // the payment that the cashier went on from: older news of it may still be on the way
  function idle() {
    left = seen()?.id || "";
    stage.replaceChildren();
    pane.hidden = false;
    problem("");
    const chosen = form.querySelector("[name=terminal]:checked")?.value;
    form.reset();
    devices.forEach((box) => { box.checked = box.value === chosen; });
    prefer();
    choices();
    items.querySelectorAll(".item-row").forEach((row, i) => { if (i) row.remove(); });
    $("more").open = false;
    if ($("terminal-more")) $("terminal-more").open = false;
    amount.readOnly = false;
    $("items-sum").textContent = "";
    nonce.value = ulid();
    type("");
    amount.focus();
    history.replaceState(null, "", url);
  }
  function show(m) {
    const before = seen();
    if (before && before.id === m.payment && (m.version < before.version || (!before.open && m.open))) return; // older news
    const fresh = new DOMParser().parseFromString(m.html, "text/html").getElementById("state");
    if (!fresh) return;
    const focused = stage.contains(document.activeElement) ? document.activeElement.id : "";
    if (before && before.id === m.payment && before.open && m.open && $("qr") && fresh.querySelector("#qr")?.innerHTML === $("qr").innerHTML) {
      $("qr").className = fresh.querySelector("#qr").className;
      fresh.querySelector("#qr").replaceWith($("qr")); // no flicker while somebody scans
    }
    stage.replaceChildren(fresh);
    pane.hidden = true;
    if (!m.open) { $("new-charge")?.focus({ preventScroll: true }); if (m.last) $("last").innerHTML = m.last; } else if (focused) $(focused)?.focus();
    history.replaceState(null, "", url + "?payment=" + m.payment);
    effects(before && before.id === m.payment ? before.declines : 0);
  }

  // Sound, vibration and paper, once for each payment on this device, and only
  // if this device has seen it open: looking at an old payment prints nothing.
  const printed = () => (keep("printed") || "").split(" ").filter(Boolean);
  function effects(declinesBefore) {
    const now = seen();
    if (!now || !now.id) return;
    document.title = ($("state").querySelector("h1")?.textContent || "") + " " + ($("state").querySelector(".panel-amount")?.textContent || "") + " · " + till.dataset.wordsTitle;
    if (now.open) {
      keep("watched", now.id);
      if (now.declines > declinesBefore) posta.sound("declined");
      return;
    }
    if (keep("watched") !== now.id) return;
    keep("watched", "");
    posta.sound(now.moneyed ? "paid" : /failed|rejected/.test($("state").dataset.state) ? "declined" : "");
    if (now.moneyed && now.ticket && printsItself() && !printed().includes(now.id)) {
      keep("printed", [...printed().slice(-49), now.id].join(" "));
      print(now.ticket);
    }
  }
  function print(ticket) {
    const frame = $("print-frame");
    frame.onload = () => {
      const typing = document.activeElement; // the next amount may be on its way already: it must not go to the ticket
      try { frame.contentWindow.focus(); frame.contentWindow.print(); } catch { /* the button stays */ }
      window.focus();
      typing?.focus({ preventScroll: true });
    };
    frame.src = ticket;
  }

  // ── Sending ──────────────────────────────────────────────────────────────
  async function send(to, body) {
    const answer = await fetch(to, { method: body ? "POST" : "GET", body, headers: { Accept: "application/json" } });
    if (answer.redirected || !(answer.headers.get("Content-Type") || "").startsWith("application/json")) { location.reload(); throw new Error("logged out"); }
    return answer.json();
  }
  let sending = false, entered = false; // entered: sent by Enter, which names no button of the two
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const rail = (e.submitter && e.submitter !== charge ? e.submitter : entered ? usual() : charge).value;
    entered = false;
    if (sending || !pane || pane.hidden) return;
    if (!typed) type(read(amount.value));
    if (!minor(typed)) { amount.focus(); return; }
    sending = true;
    problem("");
    if (onTerminal) keep("rail." + till.dataset.till, rail);
    const body = new URLSearchParams(new FormData(form)), asked = "pay_" + nonce.value, wait = $(rail === "terminal" ? "placing-terminal" : "placing").content.cloneNode(true);
    body.set("rail", rail);
    body.set("amount", amount.value);
    wait.querySelector("[data-amount]").textContent = money(minor(typed));
    wait.querySelector("#state").dataset.payment = asked;
    keep("watched", asked);
    stage.replaceChildren(wait);
    pane.hidden = true;
    try {
      const m = await send(form.action, body);
      if (m.payment) show(m);
      else back();
      problem(m.problem);
    } catch {
      if (seen()?.placing) { back(); problem(till.dataset.wordsLost); }
    }
    sending = false;
    function back() { if (seen()?.placing) { stage.replaceChildren(); pane.hidden = false; amount.focus(); } }
  });
  form.addEventListener("keydown", (e) => { if (e.key === "Enter" && e.target.matches("input")) entered = true; });
  stage.addEventListener("submit", async (e) => {
    if (!e.target.matches("[data-act]")) return;
    e.preventDefault();
    const button = e.target.querySelector("button");
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    try {
      const m = await send(e.target.action, new URLSearchParams());
      if (m.payment && seen()?.id !== m.payment) return; // the cashier has gone on to the next charge
      problem(m.problem);
      if (m.payment) show(m);
    } catch { problem(document.getElementById("lost")?.textContent.trim()); }
    button.removeAttribute("aria-disabled");
  });
  async function look_at(id) {
    try { const m = await send(url + "/payments/" + id); if (m.payment && seen()?.id === id) show(m); } catch { /* the stream comes back and asks again */ }
  }

  // ── Hearing ──────────────────────────────────────────────────────────────
  posta.live(url + "/events", {
    "*": (m) => {
      if (!m || typeof m !== "object") return;
      const now = seen();
      if (now && now.id === m.payment) { problem(""); show(m); return; }
      if (now && now.placing) return; // its own answer is on the way
      if (now && now.open) { look_at(now.id); return; }
      if (m.open && !now && m.payment !== left) { show(m); return; }
      if (m.last) $("last").innerHTML = m.last;
    },
  });
  stage.addEventListener("posta:elapsed", () => { const now = seen(); if (now?.id && now.open && !now.placing) setTimeout(() => look_at(now.id), 1500); });

  // ── Keys ─────────────────────────────────────────────────────────────────
  till.addEventListener("click", (e) => {
    if (e.target.closest("#new-charge")) { e.preventDefault(); idle(); }
    const paper = e.target.closest("#print");
    if (paper) { e.preventDefault(); print(paper.getAttribute("href")); }
  });
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector("dialog[open], [popover]:popover-open")) return;
    const elsewhere = e.target.closest?.("input, textarea, select, summary, a, button") && e.target !== amount;
    if (e.key === "Escape") {
      if (!pane.hidden) { if (elsewhere) amount.focus(); else type(""); } else $("cancel")?.form.requestSubmit();
    } else if (pane.hidden) {
      if (e.key === "Enter" && $("new-charge") && (!elsewhere || e.target.id === "new-charge")) idle(); else return;
    } else if (e.target === amount || e.target.closest?.("input, textarea, select, summary, a")) return;
    else if (/^\d$/.test(e.key)) { press(e.key); amount.focus(); } else if (e.key === "," || e.key === ".") { press("point"); amount.focus(); } else if (e.key === "Backspace") press("erase");
    else if (e.key === "Enter" && e.target.closest?.("[data-quick], [data-key]")) form.requestSubmit(usual());
    else return;
    e.preventDefault();
  });
  window.addEventListener("pageshow", (e) => { if (e.persisted && !seen()) idle(); });

  if (amount.value) type(read(amount.value)); else paint();
  sum();
  effects(seen()?.declines || 0);

  // ── Giving money back: the forms ask, naming the amount. They are fetched
  // anew when a refund ends, so nothing here holds on to them ─────────────────
  function refundForm() {
    let asking;
    const $ = (id) => document.getElementById(id), giving = (e) => e.target.closest?.("form[data-give]");
    const name = (form) => {
      const button = form.querySelector("button"), words = button.dataset.words;
      if (words) button.textContent = words.replace("{}", form.dataset.currencySymbol + (form.elements.amount.value.replace(/[^\d.,]/g, "") || "0"));
    };
    const begin = () => document.querySelectorAll("form[data-give]").forEach(name);
    document.addEventListener("input", (e) => { if (giving(e)) name(giving(e)); });
    document.addEventListener("posta:refreshed", begin);
    // It asks, naming amount and card; Enter answers yes, Escape no.
    document.addEventListener("submit", (e) => {
      const form = giving(e), dialog = $("refund-ask");
      if (!form || !dialog) return;
      e.preventDefault();
      asking = form;
      $("refund-confirm").textContent = form.querySelector("button").textContent;
      $("refund-ask-title").textContent = form.dataset.give;
      $("refund-ask-amount").textContent = form.dataset.currencySymbol + form.elements.amount.value.trim();
      dialog.showModal();
    });
    document.addEventListener("click", (e) => {
      const yes = e.target.closest?.("#refund-confirm");
      if (!yes || !asking || yes.getAttribute("aria-disabled") === "true") return;
      yes.setAttribute("aria-disabled", "true");
      asking.submit();
    });
    window.addEventListener("pageshow", () => $("refund-confirm")?.removeAttribute("aria-disabled"));
    begin();
    if (!document.querySelector("details:not([open]) #refund-form")) $("refund-form")?.elements.amount.select();
  }
})();
