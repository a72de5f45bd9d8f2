// Sends a provider's answer once more from our own page, so that the session comes along.
document.querySelector("form[data-again]").submit();
