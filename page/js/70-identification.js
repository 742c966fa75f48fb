// A buyer's identification, checked as one types by the rules that the server
// checks by again: <div data-identification='JSON of posta.IdentificationTypes'
// data-required="words" data-malformed="words" data-length="words"
// data-check_digit="words"> with an input and, where there are several types, a
// select. Without data-required the number may stay empty.
posta.identification = {
  clean: (text) => text.replace(/[ \t\r\n\u00a0\u2007\u202f.\/\-\u2010-\u2014\u2212]/g, "").replace(/[a-zñ]/g, (c) => c.toUpperCase()).replace(/N\u0303/g, "Ñ"),

  alien: (type, number) => (type.letters ? /[^0-9A-ZÑ&]/ : /[^0-9]/).test(number),

  // problem(type, number) is what is wrong with a cleaned number, "" for nothing.
  problem(type, number) {
    if (!number) return "required";
    if (this.alien(type, number)) return "malformed";
    if (number.length < type.min || number.length > type.max) return "length";
    if (type.form && !new RegExp(type.form).test(number) || /^0+$/.test(number)) return "malformed";
    return !type.rule || this.holds(type.rule, number) ? "" : "check_digit";
  },

  holds(rule, number) {
    if (number.length < (rule.from || 0) || rule.exempt?.includes(number)) return true;
    if (rule.vary && new Set(number).size === 1) return false;
    const value = (c) => rule.alphabet ? rule.alphabet.indexOf(c) : c.charCodeAt(0) - 48;
    return rule.weights.every((weights, i) => {
      const at = number.length - rule.weights.length + i, left = at - weights.length;
      const sum = weights.reduce((sum, weight, j) => sum + weight * (left + j < 0 ? rule.pad || 0 : value(number[left + j])), 0);
      return rule.map[sum % rule.mod] === number[at];
    });
  },
};

// While one types, a number is not called wrong for what may still come.
["input", "change"].forEach((event) => document.addEventListener(event, (e) => {
  const box = e.target.closest("[data-identification]");
  if (!box) return;
  const types = JSON.parse(box.dataset.identification), select = box.querySelector("select"), input = box.querySelector("input:not([type=hidden])");
  const type = types.find((t) => t.id === select?.value) || types[0], number = posta.identification.clean(input.value);
  const words = box.dataset[posta.identification.problem(type, number)] || "";
  input.setCustomValidity(words);
  input.placeholder = type.example;
  input.inputMode = type.letters ? "text" : "numeric";
  const early = event === "input" && number.length < type.max && !posta.identification.alien(type, number);
  let line = box.querySelector("p.error");
  if (!line) {
    line = document.createElement("p");
    line.className = "error";
    line.id = (input.id || "identification") + "-error";
    line.setAttribute("role", "status");
    input.after(line);
    input.setAttribute("aria-describedby", (input.getAttribute("aria-describedby") || "") + " " + line.id);
  }
  line.textContent = early || e.target !== input && !number ? "" : words;
  input.setAttribute("aria-invalid", line.textContent !== "");
}));
