// Passkeys: the browser asks the device, and the form carries its answer. Options stand in the page, or are fetched when they are needed.
const supported = Boolean(window.PublicKeyCredential && window.webauthnJSON);

async function options(form) {
  const id = form.dataset.passkeyOptions;
  if (id) return JSON.parse(document.getElementById(id).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json", "X-Requested-With": "XMLHttpRequest" } });
  if (!answer.ok) throw new Error(answer.statusText);
  return (await answer.json()).request_options;
}

// A passkey that signs in alone is kept on the device and asks for fingerprint, face or PIN.
function alone(request, form) {
  const box = form.elements.passwordless;
  if (!box) return request;
  const choice = request.publicKey.authenticatorSelection;
  choice.residentKey = box.checked ? "required" : "discouraged";
  choice.requireResidentKey = box.checked;
  if (box.checked) choice.userVerification = "required";
  return request;
}

async function ask(form) {
  const request = await options(form);
  if (form.dataset.passkey === "create") return window.webauthnJSON.create(alone(request, form));
  return window.webauthnJSON.get(request);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!supported) continue;
  form.hidden = false;
  const failed = form.querySelector("[data-passkey-failed]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (failed) failed.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify(await ask(form));
      form.submit();
    } catch {
      if (failed) failed.hidden = false;
    }
  });
}
