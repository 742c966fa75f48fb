// A card, typed into the provider's own frames: <form data-card='JSON of
// cardSetting'>. Number, date and code never come to this page; what is posted is
// the token that the provider's script gives for them.
(() => {
  "use strict";
  const form = document.querySelector("form[data-card]");
  if (!form) return;
  const set = JSON.parse(form.dataset.card), words = set.words;
  const el = (id) => document.getElementById("card-" + id);
  const holder = el("holder"), identity = el("document"), identityType = el("document-type");
  const splits = el("installments"), banks = el("issuer"), button = el("pay"), brand = el("brand");
  const hidden = (name) => form.elements.namedItem(name);
  const places = { cardNumber: "number", expirationDate: "expiry", securityCode: "code" };
  const fields = {}, wrong = {}, ready = new Set();
  let bin = null, method = null, busy = false;

  const say = (id, text) => {
    const line = el(id + "-error"), box = el(id);
    line.hidden = !text;
    line.lastElementChild.textContent = text || "";
    box?.closest(".field").classList.toggle("wrong", !!text);
    box?.setAttribute("aria-invalid", text ? "true" : "false");
  };
  const problem = (text) => {
    const box = el("problem");
    box.hidden = !text;
    box.querySelector("strong").textContent = text || "";
    if (text) box.scrollIntoView({ block: "nearest" });
  };
  const wait = (on) => {
    busy = on;
    button.setAttribute("aria-disabled", on ? "true" : "false");
    el("working").hidden = !on;
  };
  const lost = () => { el("lost").hidden = false; el("fields").hidden = true; };
  if (!window.MercadoPago) { lost(); return; }

  // A card number in one of our own fields is asked to be moved, never sent.
  const seemsCard = (text) => (text.match(/\d(?:[ .\-]?\d){12,18}/g) || []).some((run) => [...run.replace(/\D/g, "")].reverse()
    .reduce((sum, c, i) => sum + (i % 2 ? (c * 2 > 9 ? c * 2 - 9 : c * 2) : +c), 0) % 10 === 0);
  const checkHolder = () => {
    const text = holder.value.trim();
    const why = !text ? words.holder : seemsCard(text) ? words.card_number : "";
    say("holder", why);
    return !why;
  };
  const checkDocument = () => {
    if (!identity) return true;
    identity.dispatchEvent(new Event("change", { bubbles: true }));
    return identity.checkValidity() && identity.value.trim() !== "";
  };

  const style = () => {
    const now = getComputedStyle(form);
    return { color: now.color, fontSize: "16px", placeholderColor: getComputedStyle(el("hint")).color };
  };
  const mp = new MercadoPago(set.key, { locale: set.locale });
  const placeholders = { cardNumber: "0000 0000 0000 0000", expirationDate: "MM/AA", securityCode: "123" };
  if (document.documentElement.lang === "en") placeholders.expirationDate = "MM/YY";
  for (const [kind, id] of Object.entries(places)) {
    const field = fields[kind] = mp.fields.create(kind, { placeholder: placeholders[kind], style: style() }).mount("card-" + id);
    field.on("ready", () => { ready.add(kind); el(id).classList.add("ready"); });
    field.on("focus", () => el(id).classList.add("focused"));
    field.on("blur", () => { el(id).classList.remove("focused"); if (wrong[kind] === "typed") say(id, words[id]); });
    field.on("change", () => { wrong[kind] = wrong[kind] && "typed"; });
    field.on("validityChange", (e) => {
      const bad = e.errorMessages && e.errorMessages.length;
      wrong[kind] = bad ? "typed" : "";
      if (!bad) say(id, "");
    });
    document.querySelector(`label[for="card-${id}"]`)?.addEventListener("click", () => field.focus());
  }
  // The provider's frames do not come where something on the way blocks them.
  setTimeout(() => { if (!ready.size) lost(); }, 20000);
  const restyle = () => Object.values(fields).forEach((f) => f.update({ style: style() }));
  document.addEventListener("change", (e) => { if (e.target.dataset.switch === "theme") setTimeout(restyle); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);

  const choices = (select, options) => {
    select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
    select.closest(".field").hidden = options.length < 2;
  };
  const once = () => choices(splits, [["1", words.once]]);

  async function recognize(now) {
    method = null;
    brand.hidden = true;
    say("number", "");
    choices(banks, []);
    once();
    if (!now) return;
    let found;
    try {
      found = (await mp.getPaymentMethods({ bin: now })).results || [];
    } catch { return; } // asked again when it is paid
    if (now !== bin) return;
    const fits = found.find((m) => set.methods.includes(m.id));
    if (!fits) {
      if (found.length) say("number", words.refused.replace("{brand}", found[0].name));
      else say("number", words.number);
      return;
    }
    method = fits;
    brand.hidden = false;
    brand.textContent = fits.name;
    const rule = (fits.settings || [])[0];
    if (rule) {
      fields.cardNumber.update({ settings: rule.card_number });
      fields.securityCode.update({ settings: rule.security_code });
    }
    if ((fits.additional_info_needed || []).includes("issuer_id")) {
      const issuers = await mp.getIssuers({ paymentMethodId: fits.id, bin: now }).catch(() => []);
      if (now !== bin) return;
      choices(banks, issuers.map((i) => [i.id, i.name]));
    }
    if (!set.installments) return;
    try {
      const answer = await fetch(set.installments + "?bin=" + encodeURIComponent(now));
      const options = answer.ok ? (await answer.json()).options : [];
      if (now === bin && options.length) choices(splits, options.map((o) => [o.installments, o.words]));
    } catch { /* it can be paid at once */ }
  }
  fields.cardNumber.on("binChange", (e) => { bin = e.bin; recognition = recognize(bin); });
  let recognition = Promise.resolve();

  // The provider's numbers for what is wrong with a card.
  const codes = { 205: "number", E301: "number", 208: "expiry", 209: "expiry", 325: "expiry", 326: "expiry", 224: "code", E302: "code",
    221: "holder", 316: "holder", 212: "document", 213: "document", 214: "document", 322: "document", 323: "document", 324: "document" };
  const refused = (e) => {
    const causes = (Array.isArray(e) ? e : e && e.cause || []).filter(Boolean);
    let named = false;
    for (const cause of causes) {
      const id = codes[cause.code] || places[cause.field] || places[Object.keys(places).find((k) => String(cause.message || "").includes(k))];
      if (id && el(id + "-error")) { say(id, words[id]); named = true; }
    }
    problem(named ? "" : words.failed);
  };

  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    if (busy) return;
    problem("");
    const holds = [checkHolder(), checkDocument()].every(Boolean);
    for (const [kind, id] of Object.entries(places)) if (wrong[kind]) say(id, words[id]);
    if (!holds || Object.values(wrong).some(Boolean)) {
      (form.querySelector("input[aria-invalid=true], input:invalid") || button).focus();
      return;
    }
    wait(true);
    try {
      await recognition;
      if (!method && bin) await (recognition = recognize(bin));
      if (!method) { if (el("number-error").hidden) say("number", words.number); wait(false); return; }
      const token = await mp.fields.createCardToken({ cardholderName: holder.value.trim(),
        identificationType: identityType ? identityType.value : undefined, identificationNumber: identity ? posta.identification.clean(identity.value) : undefined });
      hidden("token").value = token.id;
      hidden("method").value = method.id;
      hidden("issuer").value = banks.value || (method.issuer && method.issuer.id) || "";
      hidden("device").value = window.MP_DEVICE_SESSION_ID || "";
      HTMLFormElement.prototype.submit.call(form);
    } catch (e) {
      wait(false);
      refused(e);
    }
  });
  holder.addEventListener("change", checkHolder);
  // Gone back to, the page holds a token that is used up.
  window.addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
  once();
})();
