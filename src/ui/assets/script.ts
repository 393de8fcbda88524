/** The script of the pages. Each page also works without it. */
export const SCRIPT = `'use strict';
(() => {
  const enable = (root) => {
    for (const button of root.querySelectorAll('button[data-copy]')) button.hidden = false;
    for (const row of root.querySelectorAll('tr[data-fill]')) pending.push(row);
    for (const place of root.querySelectorAll('[data-count]')) seen.observe(place);
    for (let i = running; i < 3 && pending.length > 0; i += 1) void fill();
  };

  // A filled row may be larger than all before.
  const scale = (table) => {
    const bars = [...table.querySelectorAll('rect[data-bytes]')];
    const largest = Math.max(1, ...bars.map((bar) => Number(bar.dataset.bytes)));
    for (const bar of bars) {
      const share = (100 * Number(bar.dataset.bytes)) / largest;
      bar.setAttribute('width', String(share === 0 ? 0 : Math.max(1, share)));
    }
  };

  const pending = [];
  let running = 0;
  const fill = async () => {
    running += 1;
    for (let row = pending.shift(); row !== undefined; row = pending.shift()) {
      if (!row.isConnected) continue;
      try {
        const answer = await fetch(row.dataset.fill);
        if (!answer.ok) continue;
        const template = document.createElement('template');
        template.innerHTML = await answer.text();
        const box = row.querySelector('input[type=checkbox]');
        const hadFocus = document.activeElement === box;
        const chosen = box !== null && box.checked;
        const fresh = template.content.querySelector('tr');
        if (fresh === null || row.contains(document.activeElement) && !hadFocus) continue;
        row.replaceWith(fresh);
        scale(fresh.closest('table'));
        const now = fresh.querySelector('input[type=checkbox]');
        if (now !== null) now.checked = chosen;
        if (hadFocus && now !== null) now.focus();
        for (const button of fresh.querySelectorAll('button[data-copy]')) button.hidden = false;
      } catch {
        // The row keeps what it has.
      }
    }
    running -= 1;
  };

  // Only what is on the screen is counted, each by a request.
  const uncounted = [];
  let counting = 0;
  const count = async () => {
    counting += 1;
    for (let place = uncounted.shift(); place !== undefined; place = uncounted.shift()) {
      if (!place.isConnected) continue;
      try {
        const answer = await fetch(place.dataset.count);
        if (answer.ok) place.textContent = await answer.text();
      } catch {
        // The name stays without a number.
      }
    }
    counting -= 1;
  };
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      uncounted.push(target);
    }
    for (let i = counting; i < 3 && uncounted.length > 0; i += 1) void count();
  });

  document.addEventListener('click', async (event) => {
    const button = event.target instanceof Element && event.target.closest('button[data-copy]');
    if (!button) return;
    event.preventDefault();
        try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Failed';
    }
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });

  let latest = 0;
  const search = async (form) => {
    const turn = (latest += 1);
    const query = new URLSearchParams(new FormData(form)).toString();
    const address = form.getAttribute('action') + '?' + query;
    const answer = await fetch(address);
    const text = await answer.text();
    if (turn !== latest || !answer.ok) return;
    const page = new DOMParser().parseFromString(text, 'text/html');
    const fresh = page.getElementById('results');
    const old = document.getElementById('results');
    if (fresh === null || old === null) return;
    old.replaceWith(fresh);
    history.replaceState(null, '', address);
    enable(fresh);
  };
  for (const form of document.querySelectorAll('form[data-live]')) {
    let timer = 0;
    form.addEventListener('input', (event) => {
      if (!(event.target instanceof Element) || event.target.getAttribute('type') !== 'search') return;
      clearTimeout(timer);
      timer = setTimeout(() => { search(form).catch(() => undefined); }, 250);
    });
  }

  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof Element && event.target.closest('input, select, textarea');
    if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector('input[type=search]') ?? document.getElementById('open-name');
    if (field === null) return;
    event.preventDefault();
    field.focus();
  });

  enable(document);

  for (const place of document.querySelectorAll('[data-load]')) {
    void (async () => {
      try {
        const answer = await fetch(place.dataset.load);
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        const found = page.getElementById('results');
        if (found === null) return;
        place.replaceChildren(...found.childNodes);
        enable(place);
      } catch {
        // The link stays.
      }
    })();
  }
})();
`;
