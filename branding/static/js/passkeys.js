// Passkeys: a form marked data-passkey asks the browser first, then sends what it answered.
// data-passkey is "get" or "create"; the question is in data-options, or comes from data-ask.
(() => {
  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };

  function question(options) {
    const asked = { ...options, challenge: bytes(options.challenge) };
    if (asked.user) asked.user = { ...asked.user, id: bytes(asked.user.id) };
    for (const list of ["excludeCredentials", "allowCredentials"]) {
      if (asked[list]) asked[list] = asked[list].map((one) => ({ ...one, id: bytes(one.id) }));
    }
    return asked;
  }

  function answer(made) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (made.response[name]) response[name] = text(made.response[name]);
    }
    return JSON.stringify({
      id: made.id,
      rawId: text(made.rawId),
      type: made.type,
      clientExtensionResults: made.getClientExtensionResults(),
      response,
    });
  }

  async function options(form) {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    const asked = await fetch(form.dataset.ask, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!asked.ok) throw new Error(`status ${asked.status}`);
    return asked.json();
  }

  async function run(form) {
    const { publicKey } = await options(form);
    const call = form.dataset.passkey === "create" ? "create" : "get";
    return answer(await navigator.credentials[call]({ publicKey: question(publicKey) }));
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) {
      form.hidden = true;
      continue;
    }
    form.hidden = false;
    const problem = form.querySelector("[data-passkey-problem]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (problem) problem.hidden = true;
      try {
        form.elements.credential.value = await run(form);
        form.submit();
      } catch {
        if (problem) problem.hidden = false;
      }
    });
  }
})();
