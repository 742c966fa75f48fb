// The simulator's MercadoPago.js V2: what a page needs to take a card without
// seeing its number. The fields are frames of the simulator's own origin.
(() => {
  'use strict';
  const script = document.currentScript;
  const origin = new URL(script.src).origin;
  let frames = 0;

  const ask = async (key, method, path, query, body) => {
    const url = new URL(path, origin);
    url.searchParams.set('public_key', key);
    for (const [name, value] of Object.entries(query || {})) {
      if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, value);
    }
    const answer = await fetch(url, { method, body: body && JSON.stringify(body), headers: body ? { 'Content-Type': 'application/json' } : {} });
    const value = await answer.json();
    if (!answer.ok) throw value;
    return value;
  };

  class Field {
    constructor(owner, kind, options) {
      this.owner = owner;
      this.kind = kind;
      this.options = options || {};
      this.listeners = {};
      this.name = 'mp-field-' + ++frames + '-' + kind;
    }

    mount(id) {
      const place = document.getElementById(String(id).replace(/^#/, ''));
      if (!place) throw new Error(`Container Element #${id} not found`);
      const url = new URL('/v2/fields/' + this.kind, origin);
      url.searchParams.set('lang', this.owner.locale);
      this.frame = document.createElement('iframe');
      Object.assign(this.frame, { name: this.name, src: url, title: this.kind });
      this.frame.setAttribute('frameborder', '0');
      this.frame.setAttribute('scrolling', 'no');
      Object.assign(this.frame.style, { width: '100%', height: '100%', border: '0' });
      place.replaceChildren(this.frame);
      this.owner.mounted.push(this);
      return this;
    }

    unmount() {
      if (this.frame) this.frame.remove();
      this.frame = null;
      this.owner.mounted = this.owner.mounted.filter((f) => f !== this);
      return this;
    }

    on(event, listener) {
      (this.listeners[event] ||= []).push(listener);
      return this;
    }

    update(options) {
      Object.assign(this.options, options);
      this.send({ type: 'options', options: this.options });
      return this;
    }

    focus() { this.send({ type: 'focus' }); return this; }
    blur() { this.send({ type: 'blur' }); return this; }

    send(message) {
      if (this.frame) this.frame.contentWindow.postMessage({ mp: this.name, ...message }, origin);
    }

    hear(message) {
      if (message.type === 'ready') {
        this.send({ type: 'options', options: this.options });
        message.detail = { field: this.kind };
      }
      for (const listener of this.listeners[message.type] || []) listener({ field: this.kind, ...message.detail });
    }
  }

  window.MercadoPago = class MercadoPago {
    constructor(publicKey, options) {
      if (!publicKey) throw new Error('MercadoPago.js - Public key is required');
      const key = publicKey;
      this.locale = (options && options.locale) || navigator.language;
      this.mounted = [];
      this.waiting = new Map();
      this.getIdentificationTypes = () => ask(key, 'GET', '/v1/identification_types');
      this.getPaymentMethods = ({ bin }) => ask(key, 'GET', '/v1/payment_methods/search', { bin });
      this.getIssuers = ({ paymentMethodId, bin }) => ask(key, 'GET', '/v1/payment_methods/card_issuers', { payment_method_id: paymentMethodId, bin });
      this.getInstallments = ({ amount, bin, paymentMethodId, locale, processingMode }) =>
        ask(key, 'GET', '/v1/payment_methods/installments', { amount, bin, payment_method_id: paymentMethodId, locale, processing_mode: processingMode });
      this.createCardToken = (card) => ask(key, 'POST', '/v1/card_tokens', {}, {
        card_number: card.cardNumber, expiration_month: card.cardExpirationMonth, expiration_year: card.cardExpirationYear, security_code: card.securityCode,
        card_id: card.cardId, cardholder: { name: card.cardholderName, identification: { type: card.identificationType, number: card.identificationNumber } },
      });
      this.fields = {
        create: (kind, fieldOptions) => {
          if (!['cardNumber', 'expirationDate', 'expirationMonth', 'expirationYear', 'securityCode'].includes(kind)) throw new Error(`Field ${kind} is not supported`);
          return new Field(this, kind, fieldOptions);
        },
        createCardToken: (data) => this.tokenFromFields(key, data),
        update: (fieldOptions) => this.mounted.forEach((f) => f.update(fieldOptions)),
      };
      window.addEventListener('message', (event) => {
        if (event.origin !== origin || !event.data || !event.data.mp) return;
        if (event.data.type === 'token') {
          const settle = this.waiting.get(event.data.id);
          if (settle) settle(event.data);
          return;
        }
        const field = this.mounted.find((f) => f.name === event.data.mp);
        if (field) field.hear(event.data);
      });
    }

    // tokenFromFields lets one of the frames gather what stands in all of them:
    // the card never comes to this page.
    tokenFromFields(key, data) {
      const first = this.mounted[0];
      if (!first) return Promise.reject(new Error('No fields are mounted'));
      const id = String(Math.random()).slice(2);
      return new Promise((resolve, reject) => {
        this.waiting.set(id, (message) => {
          this.waiting.delete(id);
          if (message.ok) resolve(message.value);
          else reject(message.value);
        });
        first.send({ type: 'token', id, key, data: data || {}, fields: this.mounted.map((f) => f.name) });
      });
    }
  };

  if (!window.MP_DEVICE_SESSION_ID) {
    const security = document.createElement('script');
    security.src = new URL('/v2/security.js', origin);
    document.head.appendChild(security);
  }
})();
