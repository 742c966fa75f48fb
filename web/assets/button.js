// Posta's payment button for any page:
//   <script src="https://HUB/button.js" data-link="TOKEN" data-text="Comprar"></script>
// It puts a link to the payment link's page where the script stands. No inline
// style, no inline script, no cookie, no call: it works under a strict policy.
(() => {
  "use strict";
  const words = { es: "Pagar", pt: "Pagar", en: "Pay" };
  const css = `
    a { display: inline-flex; align-items: center; justify-content: center; gap: .55em; min-height: 2.75rem; box-sizing: border-box; padding: .5rem 1.25rem;
      border: 1px solid transparent; border-radius: 10px; background: var(--posta-button-background, #7a2648); color: var(--posta-button-color, #fdf8f0);
      font: 600 1rem/1.2 system-ui, sans-serif; text-decoration: none; text-align: center; cursor: pointer; }
    a:hover { filter: brightness(1.12); }
    a:focus-visible { outline: 3px solid #1f5fbf; outline-offset: 2px; }
    svg { width: 1.15em; height: 1.15em; flex: none; }
    @media (forced-colors: active) { a { border-color: LinkText; } }
    @media print { a { border-color: currentColor; background: none; color: inherit; } }`;

  const icon = () => {
    const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), path = document.createElementNS(ns, "path");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    for (const [name, value] of Object.entries({ d: "M5 9V6.500a5 5 0 0 1 10 0V9M4 9h12v8.500H4z", fill: "none", stroke: "currentColor", "stroke-width": "1.800", "stroke-linejoin": "round" })) path.setAttribute(name, value);
    svg.append(path);
    return svg;
  };

  const put = (script) => {
    const token = script.dataset.link || "";
    if (script.dataset.postaDone) return;
    script.dataset.postaDone = "1";
    if (!/^[A-Za-z0-9_-]+$/.test(token)) {
      console.error("Posta: data-link has to be the last part of the payment link's address");
      return;
    }
    const lang = (script.dataset.lang || document.documentElement.lang || navigator.language || "").slice(0, 2).toLowerCase();
    const link = document.createElement("a");
    link.href = new URL("/l/" + token, script.src).href;
    link.setAttribute("part", "button");
    link.append(icon(), script.dataset.text || words[lang] || words.en);
    if (script.dataset.window === "new") {
      link.target = "_blank";
      link.rel = "noopener";
    }
    const place = document.createElement("posta-button"), root = place.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [sheet];
    root.append(link);
    const to = script.dataset.into && document.querySelector(script.dataset.into);
    if (to) to.append(place);
    else script.after(place);
  };

  // A script that a module or a page builder puts in later has no currentScript.
  if (document.currentScript && document.currentScript.dataset.link !== undefined) put(document.currentScript);
  else document.querySelectorAll('script[src*="/button.js"][data-link]').forEach(put);
})();
