// One field of a card, in its own frame: what is typed stays here, or goes to
// the simulator when the page asks for a token.
(() => {
  'use strict';
  const kind = document.body.dataset.kind;
  const input = document.getElementById('input');
  const longest = { cardNumber: 19, expirationDate: 7, expirationMonth: 2, expirationYear: 4, securityCode: 4 };
  let settings = {};
  let bin = null;
  let last = '';

  const digits = () => input.value.replace(/\D/g, '');
  const tell = (type, detail) => window.parent.postMessage({ mp: window.name, type, detail }, '*');

  // Other fields of the same card read this; other origins cannot.
  window.cardField = { kind, value: () => (kind === 'expirationDate' ? input.value : digits()) };

  const luhn = (text) => [...text].reverse().reduce((sum, c, i) => {
    const d = Number(c) * (i % 2 ? 2 : 1);
    return sum + (d > 9 ? d - 9 : d);
  }, 0) % 10 === 0;

  const problems = () => {
    const text = digits();
    const wrong = (cause, message) => [{ cause, message: `${kind} ${message}` }];
    if (!text) return wrong('invalid_type', 'should be a number.');
    switch (kind) {
      case 'cardNumber':
        if (settings.length ? text.length !== settings.length : text.length < 8 || text.length > 19) return wrong('invalid_length', 'should be of the card\'s length.');
        return luhn(text) ? [] : wrong('invalid_value', 'is not a card\'s number.');
      case 'securityCode':
        return text.length === (settings.length || text.length) && text.length >= 3 ? [] : wrong('invalid_length', 'should be of the card\'s length.');
      case 'expirationMonth':
        return Number(text) >= 1 && Number(text) <= 12 ? [] : wrong('invalid_value', 'should be a value from 1 to 12.');
      case 'expirationDate':
        return /^(0?[1-9]|1[0-2])\/(\d{2}|\d{4})$/.test(input.value) ? [] : wrong('invalid_value', 'should be MM/YY.');
      default:
        return text.length === 2 || text.length === 4 ? [] : wrong('invalid_length', 'should be of length 2 or 4.');
    }
  };

  const check = () => tell('validityChange', { errorMessages: problems() });

  const format = () => {
    let text = digits().slice(0, kind === 'expirationDate' ? 6 : (settings.length || longest[kind]));
    if (kind === 'cardNumber') text = text.replace(/(\d{4})(?=\d)/g, '$1 ');
    if (kind === 'expirationDate' && text.length > 2) text = text.slice(0, 2) + '/' + text.slice(2);
    if (input.value !== text) input.value = text;
  };

  input.addEventListener('input', () => {
    format();
    if (kind === 'cardNumber') {
      const now = digits().length >= 8 ? digits().slice(0, 8) : null;
      if (now !== bin) {
        bin = now;
        tell('binChange', { bin });
      }
    }
    if (input.value !== last) tell('change', {});
    last = input.value;
    check();
  });
  input.addEventListener('focus', () => tell('focus', {}));
  input.addEventListener('blur', () => { tell('blur', {}); check(); });
  input.addEventListener('paste', () => tell('paste', {}));

  const options = (given) => {
    if (given.placeholder !== undefined) input.placeholder = given.placeholder;
    settings = (given.settings && given.settings.length && { length: given.settings.length }) || (given.length && { length: given.length }) || {};
    for (const [name, value] of Object.entries(given.style || {})) {
      input.style.setProperty(name.replace(/[A-Z]/g, (c) => '-' + c.toLowerCase()), String(value));
    }
    format();
  };

  const token = async (message) => {
    const card = {};
    for (let i = 0; i < window.parent.frames.length; i++) {
      const other = window.parent.frames[i];
      try {
        if (other.cardField && message.fields.includes(other.name)) card[other.cardField.kind] = other.cardField.value();
      } catch { /* another origin's frame */ }
    }
    const [month, year] = (card.expirationDate || '').split('/');
    const data = message.data;
    const body = {
      card_number: card.cardNumber || undefined, security_code: card.securityCode || undefined, card_id: data.cardId,
      expiration_month: Number(card.expirationMonth || month) || undefined, expiration_year: Number(card.expirationYear || year) || undefined,
      cardholder: { name: data.cardholderName, identification: { type: data.identificationType || undefined, number: data.identificationNumber || undefined } },
    };
    const answer = await fetch('/v1/card_tokens?public_key=' + encodeURIComponent(message.key), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    return { ok: answer.ok, value: await answer.json() };
  };

  window.addEventListener('message', async (event) => {
    const message = event.data;
    if (event.source !== window.parent || !message || message.mp !== window.name) return;
    if (message.type === 'options') options(message.options || {});
    if (message.type === 'focus') input.focus();
    if (message.type === 'blur') input.blur();
    if (message.type === 'token') {
      let result;
      try {
        result = await token(message);
      } catch (error) {
        result = { ok: false, value: { message: String(error), error: 'network_error', status: 0, cause: [] } };
        tell('error', { error: String(error) });
      }
      window.parent.postMessage({ mp: window.name, type: 'token', id: message.id, ...result }, event.origin);
    }
  });
  tell('ready', {});
})();
